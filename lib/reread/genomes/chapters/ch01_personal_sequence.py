"""Figures and tables of the chapter on sequences of people."""

from __future__ import annotations

import pandas as pd

from reread.core import charts
from reread.core.diagrams import flow
from reread.core.figures import Drawn

MEASURES = {
    "sequences": "sequences for each person",
    "right_base": "alternative alleles on their own base",
    "wrong_bases": "bases changed where the person has no variant (mean of a sequence)",
    "written_homozygous": "heterozygous calls written as homozygous",
    "n_tail": "N appended at the end",
    "shift": "bases between transcription start and middle of the window",
}
KINDS = ("as in the reference", "alternative allele on its base", "alternative allele missing",
         "base overwritten by mistake")  # fmt: skip


def audit_table(found: pd.DataFrame) -> pd.DataFrame:
    """Format ``personal_sequence.audit``: a row for each measure, a column (text) for each protocol."""
    rows = found.set_index("protocol")
    shares = ("right_base", "written_homozygous")
    text = {key: [f"{v:.1%}" if key in shares else f"{v:,.5g}" for v in rows[key]] for key in MEASURES}
    table = pd.DataFrame(text, index=list(rows.index)).T
    table.insert(0, "measure", [MEASURES[key] for key in table.index])
    return table.reset_index(drop=True)


def letters(table: pd.DataFrame) -> Drawn:
    """Draw a stretch of bases as each protocol writes them, from ``personal_sequence.stretch``."""
    order = {"sequence": ["reference", "published", "haplotype 1", "haplotype 2"], "kind": KINDS}
    labels = {"position": "position on the contig", "published": "as published"}
    return charts.heatmap(table, "position", "sequence", "kind", text="base", order=order, labels=labels)


def distinct(table: pd.DataFrame) -> Drawn:
    """Draw the share (0 to 1) of distinct haplotypes by window (bases), from ``distinct_shares``."""
    labels = {"window": "window (bases)", "share": "distinct haplotypes", "variants": "haplotypes made of"}
    return charts.lines(table, "window", "share", hue="variants", labels=labels, log="x", limits=(0, 1.02))


def linkage(table: pd.DataFrame) -> Drawn:
    """Draw the mean squared correlation (0 to 1) of two sites by their distance (bases)."""
    labels = {"distance": "distance of two sites (bases)", "r2": "mean squared correlation"}
    return charts.lines(table, "distance", "r2", labels=labels, log="x", limits=(0, None))


def data_flow() -> Drawn:
    """Draw the way from files to sequences as boxes; the published faults are marked."""
    columns = [
        ["Reference (FASTA)", "Genotypes (VCF, BCF, PLINK)", "Transcription start (BED)"],
        ["Checks: contig, REF, people"],
        ["Published: one sequence", "Haplotype 1", "Haplotype 2"],
        ["Network"],
    ]
    arrows = [
        *((box, columns[1][0]) for box in columns[0]),
        *((columns[1][0], box) for box in columns[2]),
        *((box, "Network") for box in columns[2]),
    ]
    marked = {"Published: one sequence": "one base off, heterozygous as homozygous, ends in N"}
    return flow(columns, arrows, marked=marked, heads=["files", "", "sequences", ""])


def dedup_word(share: float) -> str:
    """Say how many haplotypes are distinct, by their share: nearly all (0.9), most (0.5), or fewer."""
    return "nearly all" if share > 0.9 else "most" if share > 0.5 else "less than half"
