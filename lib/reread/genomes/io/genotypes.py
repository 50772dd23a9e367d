"""Read genotypes of the reader, in whatever format they come."""

from __future__ import annotations

from pathlib import Path

from reread.core.errors import DataError
from reread.genomes.io.plink import read_plink
from reread.genomes.io.tables import Variants
from reread.genomes.io.vcf import read_vcf


def read_genotypes(named: str, contig: str, start: int, end: int) -> Variants:
    """Read a region of a VCF or BCF, or of the PLINK files of a prefix (or of one of the three files).

    Errors as :func:`read_vcf` and :func:`read_plink`; a file without people is a DataError too.
    """
    path = Path(named).expanduser()
    prefix = path.with_suffix("") if path.suffix in (".bed", ".bim", ".fam") else path
    is_plink = Path(f"{prefix}.bed").is_file()
    found = read_plink(prefix, contig, start, end) if is_plink else read_vcf(path, contig, start, end)
    if not found.people:
        raise DataError(f"{path} has no person, only sites.\nGive a file with genotypes (FORMAT and people).")
    return found
