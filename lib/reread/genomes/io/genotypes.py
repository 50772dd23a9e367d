"""Read genotypes of the reader, in whatever format they come."""

from __future__ import annotations

from pathlib import Path

from reread.core.errors import DataError
from reread.core.files import sha256
from reread.genomes.io.plink import read_plink
from reread.genomes.io.tables import Variants
from reread.genomes.io.vcf import read_vcf

PLINK = (".bed", ".bim", ".fam")


def read_genotypes(named: str, contig: str, start: int, end: int) -> Variants:
    """Read a region of a VCF or BCF, or of the PLINK files of a prefix (or of one of the three files).

    Errors as :func:`read_vcf` and :func:`read_plink`; a file without people is a DataError too.
    """
    path = Path(named).expanduser()
    plink = _plink(path)
    found = read_plink(plink, contig, start, end) if plink else read_vcf(path, contig, start, end)
    if not found.people:
        raise DataError(f"{path} has no person, only sites.\nGive a file with genotypes (FORMAT and people).")
    return found


def digests(**named: str) -> dict[str, str]:
    """SHA-256 of each named file, as a record keeps it; of all three where PLINK files are named."""
    found = {}
    for name, text in named.items():
        path = Path(text).expanduser()
        plink = _plink(path) if name == "genotypes" else None
        files = {f"{name}_{kind[1:]}": Path(f"{plink}{kind}") for kind in PLINK} if plink else {name: path}
        found |= {f"own.sha256_{one}": sha256(file) for one, file in files.items()}
    return found


def _plink(path: Path) -> Path | None:
    """Prefix of PLINK files, from the prefix itself or from one of the three; None for another file."""
    prefix = path.with_suffix("") if path.suffix in PLINK else path
    return prefix if Path(f"{prefix}.bed").is_file() else None
