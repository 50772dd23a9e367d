"""The data sets of the paper, step by step: which signatures each one holds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

# Drugs: the seven lines with more than 10,000 signatures. Knock-downs: the nine lines that the authors name.
DRUG_LINES = ("A375", "HA1E", "HELA", "HT29", "MCF7", "PC3", "YAPC")
KNOCKDOWN_LINES = ("A375", "A549", "HA1E", "HCC515", "HEPG2", "HT29", "MCF7", "PC3", "VCAP")
PROTEASOME = ("MG-132", "bortezomib")
LARGE = 150  # signatures of a class


def is_in_lines(meta: pd.DataFrame) -> np.ndarray:
    """Mask (signature,): drugs in the lines for drugs, knock-downs in the lines for knock-downs."""
    drug = (meta["kind"] == "drug") & meta["cell"].isin(DRUG_LINES)
    knockdown = (meta["kind"] == "knockdown") & meta["cell"].isin(KNOCKDOWN_LINES)
    return (drug | knockdown).to_numpy()


def is_without(meta: pd.DataFrame, drugs: tuple[str, ...] = PROTEASOME) -> np.ndarray:
    """Mask (signature,) of what is not one of ``drugs``, whatever the case of the letters."""
    return ~meta["pert_name"].str.lower().isin([drug.lower() for drug in drugs]).to_numpy()


def in_large_classes(meta: pd.DataFrame, least: int = LARGE) -> np.ndarray:
    """Mask (signature,) of what belongs to a class with at least ``least`` signatures."""
    size = meta.groupby("pcl")["pcl"].transform("size").to_numpy()
    return (meta["pcl"] != "").to_numpy() & (size >= least)


def steps(meta: pd.DataFrame) -> pd.DataFrame:
    """Count what each step of the paper leaves.

    Parameters
    ----------
    meta : DataFrame, (signature,)

    Returns
    -------
    DataFrame, (step,)
        ``step``; ``n_signatures``, ``n_drugs`` (different names among drugs), ``n_genes`` (knocked down),
        ``n_classes``, ``n_lines`` of what is left.

    Notes
    -----
    Source: deep_generative_model_LINCS.ipynb, in 7 to 35, and the analysis notebook, in 53 to 55. SM is the
    step ``in lines`` of drugs, SMP ``without proteasome``, GP ``in lines`` of knock-downs, SMGP ``without
    proteasome`` of both, SMC ``with class``, SMC-NP ``with class, without MG-132``. In sources other than
    the two of GEO the lines are others, and few signatures are in those of the paper.
    """
    rows = [(name, *_counts(meta[mask])) for name, mask in _masks(meta)]
    return pd.DataFrame(rows, columns=["step", "n_signatures", "n_drugs", "n_genes", "n_classes", "n_lines"])


def _masks(meta: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    lines, classed = is_in_lines(meta), (meta["pcl"] != "").to_numpy()
    yield "all", np.ones(len(meta), dtype=bool)
    yield "in lines", lines
    yield "without proteasome", lines & is_without(meta)
    yield "with class", lines & classed
    yield "with class without MG-132", lines & classed & is_without(meta, PROTEASOME[:1])
    large = np.zeros(len(meta), dtype=bool)
    large[np.flatnonzero(lines)] = in_large_classes(meta[lines])
    yield "large", large


def _counts(meta: pd.DataFrame) -> tuple[int, ...]:
    drugs = meta.loc[meta["kind"] == "drug", "pert_name"].nunique()
    genes, classes = ((meta[name][meta[name] != ""]).nunique() for name in ("gene", "pcl"))
    return len(meta), drugs, genes, classes, meta["cell"].nunique()
