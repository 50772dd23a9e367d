"""Read expression from a BED file as GTEx writes it: one row a gene, one column a person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from reread.core.errors import DataError, short
from reread.core.tables import header, read_table
from reread.genomes.io.tables import Expression

FIRST = {"#chr", "#chrom", "#chromosome"}
STRANDS = {"+": "+", "-": "-", "1": "+", "-1": "-", "+1": "+"}


def read_expression(path: Path, *, strand: dict[str, str] | None = None) -> Expression:
    """Read columns ``#chr start end gene_id`` (and ``strand`` where there is one), then one for each person.

    The transcription start is ``start``, as in the files of GTEx. Where the file has no strand, ``strand``
    maps gene to + or -. DataError if columns lack, a gene occurs twice, or a value is no number.
    """
    path = path.expanduser()
    names = header(path, "\t")
    if len(names) < 5 or names[0].lower() not in FIRST or names[1:4] != ["start", "end", "gene_id"]:
        raise DataError(
            f"{path} must begin with the columns #chr, start, end, gene_id, but begins with "
            f"{', '.join(map(short, names[:4]))}."
        )
    words = [names[0], "gene_id", *(["strand"] if "strand" in names else [])]
    table = read_table(path, text=words, sep="\t")
    people = [name for name in names if name not in (*words, "start", "end")]
    twice = table.loc[table["gene_id"].duplicated(), "gene_id"]
    if len(twice):
        raise DataError(f"{path}: gene {short(twice.iloc[0])} occurs more than once.\nKeep one row of each.")
    known = table["strand"] if "strand" in names else table["gene_id"].map(strand or {})
    genes = pd.DataFrame(
        {
            "gene": table["gene_id"],
            "contig": table[names[0]],
            "tss": table["start"].astype(np.int64),
            "strand": known.map(STRANDS).fillna(""),
        }
    )
    return Expression(genes, table[people].to_numpy(dtype=float), tuple(people))
