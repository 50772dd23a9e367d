"""Read PLINK 1 binary genotypes: bed, bim and fam."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from reread.core.errors import DataError, short
from reread.core.tables import door
from reread.genomes.io.tables import MISSING, Variants, same_contig

MAGIC = b"\x6c\x1b\x01"
BIM = ("contig", "name", "morgan", "position", "a1", "a2")
FAM = ("family", "person", "father", "mother", "sex", "phenotype")
# two bits: homozygous A1, missing, heterozygous, homozygous A2; the haplotypes count A1
CODES = np.array([[1, 1], [MISSING, MISSING], [0, 1], [0, 0]], dtype=np.int8)


def read_plink(prefix: Path, contig: str, start: int, end: int) -> Variants:
    """Read the variants of one region from ``prefix.bed``, ``.bim`` and ``.fam``.

    Heterozygotes have no phase. A2 is taken as REF and A1 as ALT, as plink2 writes them; the check of REF
    against the reference genome finds files where it is the other way round. ``start`` and ``end`` are
    0-based and exclusive. DataError if a file is damaged, sample-major, or lacks the contig.
    """
    bim, fam = (_text(Path(f"{prefix}.{kind}"), names) for kind, names in (("bim", BIM), ("fam", FAM)))
    name = same_contig(contig, sorted(bim["contig"].unique()), f"{prefix}.bim")
    position = pd.to_numeric(bim["position"], errors="coerce")
    if position.isna().any():
        line = int(np.flatnonzero(position.isna())[0])
        raise DataError(
            f"{prefix}.bim, line {line + 1}: position {short(bim['position'].iloc[line])} is no number."
        )
    first = position.to_numpy(dtype=np.int64) - 1
    rows = np.flatnonzero((bim["contig"] == name) & (first < end) & (first + bim["a2"].str.len() > start))
    genotype = _genotypes(Path(f"{prefix}.bed"), len(bim), len(fam), rows)
    is_lettered = (
        bim["a1"].str.fullmatch("[ACGTNacgtn]+") & bim["a2"].str.fullmatch("[ACGTNacgtn]+")
    ).to_numpy()
    kept = is_lettered[rows]
    rows, genotype = rows[kept], genotype[kept]
    return Variants(
        contig, first[rows], bim["a2"].str.upper().to_numpy(dtype=object)[rows],
        bim["a1"].str.upper().to_numpy(dtype=object)[rows], genotype,
        genotype[..., 0] == genotype[..., 1], tuple(fam["person"]), {"no base letters": int((~kept).sum())},
    )  # fmt: skip


def _text(path: Path, names: tuple[str, ...]) -> pd.DataFrame:
    with door(path, f"PLINK {path.suffix}"):
        table = pd.read_csv(path, sep=r"\s+", header=None, dtype=str, keep_default_na=False)
        if table.shape[1] != len(names):
            raise DataError(f"{path} must have {len(names)} columns, but has {table.shape[1]}.")
        return table.set_axis(list(names), axis=1)


def _genotypes(path: Path, n_variants: int, n_people: int, rows: np.ndarray) -> np.ndarray:
    """Genotypes (row, person, 2) of some variants; the file is mapped, so that only these are read."""
    with door(path, "PLINK bed"):
        width = (n_people + 3) // 4
        content = np.memmap(path, dtype=np.uint8, mode="r")
        if content[:3].tobytes() != MAGIC:
            raise DataError(
                f"{path} must begin with the bytes 6c 1b 01 (PLINK 1, variant-major), but begins with "
                f"{content[:3].tobytes().hex(' ')}.\nRun:  plink2 --make-bed"
            )
        if len(content) != 3 + width * n_variants:
            raise DataError(
                f"{path} needs {3 + width * n_variants:,} bytes for {n_variants:,} variants of "
                f"{n_people:,} people, but has {len(content):,}.\nAre .bim and .fam of the same data?"
            )
        packed = np.asarray(content[3:].reshape(n_variants, width)[rows])
    pairs = (packed[..., None] >> np.array([0, 2, 4, 6], dtype=np.uint8)) & 3
    return CODES[pairs.reshape(len(rows), 4 * width)[:, :n_people]]
