"""Associations with diseases in the format of the GWAS catalogue."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from reread.core.errors import DataError
from reread.core.tables import read_table

COLUMNS = {
    "CHR_ID": "contig", "CHR_POS": "position", "SNPS": "snp", "STRONGEST SNP-RISK ALLELE": "risk_allele",
    "P-VALUE": "p", "DISEASE/TRAIT": "trait", "MAPPED_GENE": "mapped_gene",
}  # fmt: skip


def read_gwas(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read a tab-separated file of the GWAS catalogue, and count the rows that cannot be placed.

    The file has the columns of ``COLUMNS``; positions are 1-based, in its genome build. Returns one row an
    association (contig without ``chr``, position, snp, risk_allele, ``?`` where unknown, p, trait,
    mapped_gene), and what was left out: reason and n. Reasons are interactions of variants (``x``), several
    variants in a cell (``;`` or ``,``), no position and no p value; a row is counted under the first that
    fits. DataError if the file is missing or malformed, lacks a column, or no row can be placed. Source:
    description of the columns by the catalogue of NHGRI and EBI, all associations.
    """
    table = read_table(path, columns=list(COLUMNS), sep="\t", text=list(COLUMNS))[list(COLUMNS)]
    table = table.rename(columns=COLUMNS).fillna("").apply(lambda column: column.str.strip())
    cells = table["snp"] + "," + table["position"]  # not the contig, which can be X
    position = pd.to_numeric(table["position"], errors="coerce")
    p = pd.to_numeric(table["p"], errors="coerce")
    reasons = {
        "interaction of variants": cells.str.contains(r"\sx\s", case=False),
        "several variants in a cell": cells.str.contains(r";|,.*,"),
        "no position": position.isna() | table["contig"].eq(""),
        "no p value": ~p.between(0, 1),
    }
    first = pd.DataFrame(reasons).idxmax(axis=1).where(pd.DataFrame(reasons).any(axis=1), "")
    excluded = pd.DataFrame({"reason": list(reasons), "n": [int((first == one).sum()) for one in reasons]})
    kept = table.assign(position=position, p=p)[first == ""].reset_index(drop=True)
    if not len(kept):
        raise DataError(
            f"{path}: none of {len(table):,} rows has one variant with a position and a p value.\n"
            f"Download the file with all associations again."
        )
    allele = kept["risk_allele"].str.rpartition("-")[2].str.upper()
    contig = kept["contig"].str.removeprefix("chr")
    return kept.assign(contig=contig, position=kept["position"].astype("int64"), risk_allele=allele), excluded
