"""What test samples share with training samples: accessions, groups, replicates, and expression itself."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from reread.core import validate as check
from reread.maize.data.splits import Split
from reread.maize.data.tables import Expression
from reread.maize.data.transform import log_plus_one

NEAR = 0.99
SHARES = [
    "shared_accession", "shared_group", "has_replicate", "near_copy", "nearest_r", "nearest_is_replicate",
    "nearest_has_tissue",
]  # fmt: skip


def leakage_report(data: Expression, split: Split) -> pd.DataFrame:
    """Say what the test samples of a split have in common with its training samples.

    Parameters
    ----------
    data : Expression
    split : Split

    Returns
    -------
    DataFrame
        One row: kind, fold, n_train, n_test; shares of the test samples, 0 to 1: ``shared_accession`` (the
        same run is in training: 0 by construction, since a source names each run once; between two sources
        ask :func:`shared_samples`), ``shared_group`` (a sample of its study or stage is), ``has_replicate``
        (a sample of its study or stage *and* tissue is), ``near_copy`` (a training sample correlates above
        0.99); ``nearest_r``, the mean correlation with the nearest training sample;
        ``nearest_is_replicate`` and ``nearest_has_tissue``, how often that one is a replicate, and how often
        it has the same tissue: what copying the label of the nearest sample would name rightly.

    Notes
    -----
    Correlation is Pearson's of log2(x + 1) over all genes of the data, with no choice of genes by label.
    """
    return _report(data, split, correlations(log_plus_one(data.values)))


def leakage_reports(data: Expression, splits: Iterable[Split]) -> pd.DataFrame:
    """Reports of many splits below each other, with the correlations computed once."""
    between = correlations(log_plus_one(data.values))
    return pd.concat([_report(data, one, between) for one in splits], ignore_index=True)


def by_kind(reports: pd.DataFrame) -> pd.DataFrame:
    """Mean of the folds of each kind of hold-out, weighted by their test samples; one row a kind."""
    rows = []
    for kind, part in reports.groupby("kind", sort=False):
        means = {name: np.average(part[name], weights=part["n_test"]) for name in SHARES}
        rows.append({"kind": kind, "folds": len(part), "n_test": int(part["n_test"].sum())} | means)
    return pd.DataFrame(rows)


def correlations(values: np.ndarray) -> np.ndarray:
    """Pearson correlation of every sample with every other.

    Parameters
    ----------
    values : float array, (sample, gene)

    Returns
    -------
    float64 array, (sample, sample)
        0 for a sample that is the same in all genes.
    """
    check.axes(values, "values", sample=None, gene=None)
    centred = values - values.mean(axis=1, keepdims=True, dtype=np.float64)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = centred / np.where(length > 0, length, 1)
    return unit @ unit.T


def nearest(data: Expression, split: Split, between: np.ndarray | None = None) -> pd.DataFrame:
    """The nearest training sample of each test sample.

    Parameters
    ----------
    data : Expression
    split : Split
    between : float array, (sample, sample), optional
        From :func:`correlations`; computed when left out.

    Returns
    -------
    DataFrame
        kind, sample, tissue, nearest (names), r, is_replicate (same group and tissue), has_tissue.
    """
    between = correlations(log_plus_one(data.values)) if between is None else between
    inside = between[np.ix_(split.test, split.train)]
    found = split.train[inside.argmax(axis=1)]
    has_tissue = data.tissue[found] == data.tissue[split.test]
    names = np.asarray(data.samples, dtype=object)
    return pd.DataFrame(
        {
            "kind": split.kind,
            "sample": names[split.test],
            "tissue": np.asarray(data.tissues, dtype=object)[data.tissue[split.test]],
            "nearest": names[found],
            "r": inside.max(axis=1),
            "is_replicate": has_tissue & (data.group[found] == data.group[split.test]),
            "has_tissue": has_tissue,
        }
    )


def all_nearest(data: Expression, splits: Iterable[Split]) -> pd.DataFrame:
    """Nearest training samples of many splits below each other, as :func:`nearest` gives them."""
    between = correlations(log_plus_one(data.values))
    return pd.concat([nearest(data, one, between) for one in splits], ignore_index=True)


def shared_samples(one: Expression, other: Expression, *, r: float = 0.999) -> pd.DataFrame:
    """Samples of two data sets that are one library: by accession, or by expression.

    Parameters
    ----------
    one, other : Expression
        Two sources that are to be called independent of each other; compared on the genes both have.
    r : float
        Correlation of log2(x + 1) from which two samples are taken for one.

    Returns
    -------
    DataFrame
        one, other (accessions), r, is_same_accession. Empty when nothing is shared.

    Notes
    -----
    Public collections of maize reuse libraries: an accession in both makes a test across studies no test.
    """
    genes = [gene for gene in one.genes if gene in set(other.genes)]
    logs = [log_plus_one(_columns(data, genes)) for data in (one, other)]
    between = correlations(np.concatenate(logs))[: len(logs[0]), len(logs[0]) :]
    same = np.asarray(one.samples)[:, None] == np.asarray(other.samples)[None, :]
    rows = [(one.samples[i], other.samples[j], between[i, j], bool(same[i, j]))
            for i, j in np.argwhere(same | (between >= r))]  # fmt: skip
    return pd.DataFrame(rows, columns=["one", "other", "r", "is_same_accession"])


def _columns(data: Expression, genes: list[str]) -> np.ndarray:
    place = {gene: i for i, gene in enumerate(data.genes)}
    return data.values[:, [place[gene] for gene in genes]]


def _report(data: Expression, split: Split, between: np.ndarray) -> pd.DataFrame:
    near = nearest(data, split, between)
    unit = np.char.add(np.char.add(data.tissue.astype(str), "|"), data.group.astype(str))
    shared = {
        "shared_accession": _share(np.asarray(data.samples), split),
        "shared_group": _share(data.group, split),
        "has_replicate": _share(unit, split),
    }
    found = {
        "near_copy": (near["r"] > NEAR).mean(),
        "nearest_r": near["r"].mean(),
        "nearest_is_replicate": near["is_replicate"].mean(),
        "nearest_has_tissue": near["has_tissue"].mean(),
    }
    sizes = {"kind": split.kind, "fold": split.name, "n_train": len(split.train), "n_test": len(split.test)}
    return pd.DataFrame([sizes | shared | found])


def _share(names: np.ndarray, split: Split) -> float:
    """Share of the test samples whose name occurs in training."""
    return float(np.isin(names[split.test], names[split.train]).mean())
