"""Similarity of test and training signatures: what both share, and the recall of a nearest neighbour."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.metrics import pairwise_distances_argmin

from reread.core.errors import DataError
from reread.core.stats import unit_rows
from reread.lincs.data import splits
from reread.lincs.data.tables import Signatures

SCHEMES = {"random": (), "by drug": ("pert_name",), "by drug and line": ("pert_name", "cell")}
SEEN = {"pert_name": "drug", "cell": "line", "plate": "plate"}


def with_class(signatures: Signatures) -> Signatures:
    """Select signatures of classes with at least two drugs; without a second one no drug can be held out.

    Where no drug has a class, knock-downs take the place of drugs: the shRNA is the drug, its gene the class.
    DataError if no class has two drugs.
    """
    meta = signatures.meta
    if not (meta["pcl"] != "").any():
        meta = meta.assign(pcl=meta["gene"], pert_name=meta["pert_id"])
    n_drugs = meta.groupby("pcl")["pert_name"].transform("nunique")
    kept = ((meta["pcl"] != "") & (n_drugs > 1)).to_numpy()
    if not kept.any():
        raise DataError("No class has two drugs, so none can be held out. Use another source.")
    return replace(signatures, meta=meta).take(kept)


def shared_with_training(signatures: Signatures, *, n_folds: int = 5, seed: int = 0) -> pd.DataFrame:
    """Share of test signatures whose drug, cell line or plate is in training, for each split.

    Returns DataFrame: ``scheme``, ``what`` (drug, line, plate), ``share_seen``: mean over folds.
    """
    rows = []
    for scheme, by in SCHEMES.items():
        for fold in splits.folds(signatures.meta, by=by, n_folds=n_folds, seed=seed):
            found = splits.overlap(signatures.meta, fold, by=list(SEEN))
            rows += [(scheme, SEEN[column], share) for column, share in found.items()]
    table = pd.DataFrame(rows, columns=["scheme", "what", "share_seen"])
    return table.groupby(["scheme", "what"], sort=False).mean().reset_index()


def neighbour_recall(signatures: Signatures, *, n_folds: int = 5, seed: int = 0) -> pd.DataFrame:
    """Share of each class whose most correlated training signature is of the same class.

    ``signatures``: each with a class.
    Returns DataFrame: ``scheme``, ``pcl``, ``n`` signatures, ``recall``; every signature is tested once.
    Source: ours. A nearest neighbour has no training, so its gain from a random split is data leakage.
    """
    meta, unit = signatures.meta, unit_rows(signatures.values).astype(np.float32)
    pcl = meta["pcl"].to_numpy()
    tables = []
    for scheme, by in SCHEMES.items():
        is_right = np.empty(len(meta), dtype=bool)
        for fold in splits.folds(meta, by=by, n_folds=n_folds, seed=seed):
            near = pairwise_distances_argmin(unit[fold.test], unit[fold.train])
            is_right[fold.test] = pcl[fold.train[near]] == pcl[fold.test]
        found = pd.DataFrame({"pcl": pcl, "right": is_right}).groupby("pcl")["right"].agg(["size", "mean"])
        found = found.rename(columns={"size": "n", "mean": "recall"}).reset_index()
        tables.append(found.assign(scheme=scheme)[["scheme", "pcl", "n", "recall"]])
    return pd.concat(tables, ignore_index=True)
