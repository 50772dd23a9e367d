"""What a split gives away: values seen in training, and how far a nearest neighbour gets by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from reread.core.errors import DataError
from reread.lincs.data import splits as split
from reread.lincs.data.tables import Signatures
from reread.lincs.methods.target_ranks import unit_rows

SCHEMES = {"random": (), "by drug": ("pert_name",), "by drug and line": ("pert_name", "cell")}
SEEN = {"pert_name": "drug", "cell": "line", "plate": "plate"}
AT_ONCE = 1000  # test rows whose correlations are held together


def with_class(signatures: Signatures) -> Signatures:
    """Signatures with a class of at least two drugs: without a second one, nothing is held out.

    Where no drug has a class, knock-downs take the place of drugs: a hairpin is the drug, its gene the class.

    Raises
    ------
    DataError
        If none is left.
    """
    meta = signatures.meta
    if not (meta["pcl"] != "").any():
        meta = meta.assign(pcl=meta["gene"], pert_name=meta["pert_id"])
    n_drugs = meta.groupby("pcl")["pert_name"].transform("nunique")
    rows = np.flatnonzero((meta["pcl"] != "") & (n_drugs > 1))
    if not len(rows):
        raise DataError("No class has two drugs; a nearest neighbour of another drug cannot be asked for.")
    return replace(signatures, meta=meta).take(rows)


def seen(signatures: Signatures, *, n_folds: int = 5, seed: int = 0) -> pd.DataFrame:
    """Share of the test rows whose drug, line or plate training has seen, for each way to split.

    Returns
    -------
    DataFrame, (scheme and what,)
        ``scheme``, ``what``, ``share_seen``: mean over folds.
    """
    rows = []
    for scheme, by in SCHEMES.items():
        for one in split.folds(signatures.meta, by=by, n_folds=n_folds, seed=seed):
            report = split.leak_report(signatures.meta, one, by=list(SEEN))
            rows += [
                (scheme, SEEN[c], s) for c, s in zip(report["column"], report["share_of_test"], strict=True)
            ]
    table = pd.DataFrame(rows, columns=["scheme", "what", "share_seen"])
    return table.groupby(["scheme", "what"], sort=False).mean().reset_index()


def neighbour_recall(signatures: Signatures, *, n_folds: int = 5, seed: int = 0) -> pd.DataFrame:
    """For each class, the share of its signatures whose most correlated training signature is of it too.

    Parameters
    ----------
    signatures : Signatures
        Each with a class.
    n_folds, seed
        As for :func:`reread.lincs.data.splits.folds`.

    Returns
    -------
    DataFrame, (scheme and pcl,)
        ``scheme``, ``pcl``, ``n`` signatures, ``recall``; every signature is tested once.

    Raises
    ------
    DataError
        If a split lets a drug, or a drug in a line, stand on both sides that it should hold out.

    Notes
    -----
    Source: ours. One neighbour needs no training, so what it gains from a leaky split is the leak alone.
    Classes count alike whatever their size: the share of all signatures would follow the largest class.
    """
    meta, unit = signatures.meta, unit_rows(signatures.values).astype(np.float32)
    pcl = meta["pcl"].to_numpy()
    tables = []
    for scheme, by in SCHEMES.items():
        is_right = np.empty(len(meta), dtype=bool)
        for one in split.folds(meta, by=by, n_folds=n_folds, seed=seed):
            if by:
                split.assert_no_leak(meta, one, by)
            is_right[one.test] = pcl[one.train[_nearest(unit, one.test, one.train)]] == pcl[one.test]
        found = pd.DataFrame({"pcl": pcl, "right": is_right}).groupby("pcl")["right"].agg(["size", "mean"])
        found = found.rename(columns={"size": "n", "mean": "recall"}).reset_index()
        tables.append(found.assign(scheme=scheme)[["scheme", "pcl", "n", "recall"]])
    return pd.concat(tables, ignore_index=True)


def gap(table: pd.DataFrame) -> float:
    """What a random split adds to the mean of :func:`neighbour_recall` over classes, against one by drug."""
    mean = table.groupby("scheme")["recall"].mean()
    return float(mean["random"] - mean["by drug"])


def _nearest(unit: np.ndarray, test: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Place in ``train`` of the most correlated row for each row of ``test``, some at a time."""
    known = unit[train].T
    return np.concatenate(
        [(unit[test[at : at + AT_ONCE]] @ known).argmax(axis=1) for at in range(0, len(test), AT_ONCE)]
    )
