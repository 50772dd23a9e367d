"""Selection steps of the paper: which signatures each data set contains."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

# For knock-downs the authors name nine cell lines; for drugs they keep lines with many signatures.
KNOCKDOWN_SERIES = "GSE106127"
KNOCKDOWN_LINES = ("A375", "A549", "HA1E", "HCC515", "HEPG2", "HT29", "MCF7", "PC3", "VCAP")
PROTEASOME = ("MG-132", "bortezomib")
LARGE = 150  # signatures of a class
# Counts of GSE70138 that the authors' notebooks print, by step and column.
PUBLISHED_COUNTS = {
    "n_signatures": {"all": 118_050, "in lines": 85_183, "without proteasome": 80_534, "with class": 12_079,
                     "with class without MG-132": 9_769, "large": 8_328},
    "n_classes": {"with class": 75, "large": 21},
    "n_drugs": {"with class": 204},
}  # fmt: skip


def is_in_lines(meta: pd.DataFrame, min_per_line: int = 10_000) -> np.ndarray:
    """Mask (signature,): in a cell line with more than ``min_per_line`` signatures."""
    series, lines = meta.get("series", pd.Series("", index=meta.index)), meta["cell"]
    is_named = (series == KNOCKDOWN_SERIES).to_numpy()
    size = lines.where(~is_named).groupby(lines).transform("count")
    return np.where(is_named, lines.isin(KNOCKDOWN_LINES), size > min_per_line)


def is_without(meta: pd.DataFrame, drugs: tuple[str, ...] = PROTEASOME) -> np.ndarray:
    """Mask (signature,) of all but ``drugs``, regardless of case."""
    return ~meta["pert_name"].str.lower().isin([drug.lower() for drug in drugs]).to_numpy()


def steps(meta: pd.DataFrame, min_per_line: int = 10_000, min_per_class: int = LARGE) -> pd.DataFrame:
    """Count what remains after each selection step of the paper.

    ``meta``: DataFrame, (signature,). ``min_per_line``: cell lines of drugs with at most so many signatures
    are dropped. ``min_per_class``: a class with at least so many signatures is large.
    Returns DataFrame, (step,): ``step``; ``n_signatures``, ``n_drugs`` (different names), ``n_genes``
    (knocked down), ``n_classes``, ``n_lines``.
    Source: deep_generative_model_LINCS.ipynb, in 7 to 35, and the analysis notebook, in 53 to 55. SM is the
    step ``in lines`` of drugs, SMP ``without proteasome``, GP ``in lines`` of knock-downs, SMGP ``without
    proteasome`` of both, SMC ``with class``, SMC-NP ``with class without MG-132``.
    """
    rows = [(name, *_counts(meta[mask])) for name, mask in _masks(meta, min_per_line, min_per_class)]
    return pd.DataFrame(rows, columns=["step", "n_signatures", "n_drugs", "n_genes", "n_classes", "n_lines"])


def n_as_published(found: pd.DataFrame) -> int:
    """Count the printed numbers of GSE70138 that :func:`steps` gives exactly.

    ``found``: from :func:`steps`. Returns int, 0 to 9: signatures, classes and drugs of the steps in
    ``PUBLISHED_COUNTS``.
    """
    ours = found.set_index("step")
    return sum(
        int((ours.loc[list(counts), column] == pd.Series(counts)).sum())
        for column, counts in PUBLISHED_COUNTS.items()
    )


def _masks(meta: pd.DataFrame, min_per_line: int, min_per_class: int) -> Iterator[tuple[str, np.ndarray]]:
    lines, classed = is_in_lines(meta, min_per_line), (meta["pcl"] != "").to_numpy()
    yield "all", np.ones(len(meta), dtype=bool)
    yield "in lines", lines
    yield "without proteasome", lines & is_without(meta)
    yield "with class", lines & classed
    yield "with class without MG-132", lines & classed & is_without(meta, PROTEASOME[:1])
    size = meta["pcl"].where(lines).groupby(meta["pcl"]).transform("count").to_numpy()
    yield "large", lines & classed & (size >= min_per_class)


def _counts(meta: pd.DataFrame) -> tuple[int, ...]:
    drugs = meta.loc[meta["kind"] == "drug", "pert_name"].nunique()
    genes, classes = ((meta[name][meta[name] != ""]).nunique() for name in ("gene", "pcl"))
    return len(meta), drugs, genes, classes, meta["cell"].nunique()
