"""Overlap of test and training samples: accessions, groups, replicates, and similarity of expression."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from reread.core.stats import row_correlation
from reread.maize.data.image import log_plus_one
from reread.maize.data.splits import Split
from reread.maize.data.tables import Expression

NEAR = 0.99
# capitals, with a version such as .1
ACCESSION = re.compile(r"([A-Z]{3}\d{5,})\.\d+")
SHARES = [
    "shared_accession", "shared_group", "has_replicate", "near_copy", "nearest_r", "nearest_is_replicate",
    "nearest_has_tissue",
]  # fmt: skip


def leakage_by_kind(data: Expression, splits: Iterable[Split]) -> pd.DataFrame:
    """Report what the test samples of each kind of hold-out have in common with the training samples.

    One row a kind, means over test samples: kind, folds, n_test; shares 0 to 1 of samples whose accession
    (``shared_accession``), study or stage (``shared_group``), or study or stage *and* tissue
    (``has_replicate``) is in training, or with a correlation above 0.99 (``near_copy``); ``nearest_r``,
    correlation with the nearest training sample, and whether that is a replicate or has the same tissue.
    Correlations are Pearson's, of log2(x + 1) over all genes; no gene is selected by label.
    """
    splits = list(splits)
    near = all_nearest(data, splits)
    unit = np.char.add(np.char.add(data.tissue.astype(str), "|"), data.group.astype(str))
    names = [name.strip().upper() for name in data.samples]
    accession = [found[1] if (found := ACCESSION.fullmatch(name)) else name for name in names]
    names = {"shared_accession": np.array(accession), "shared_group": data.group, "has_replicate": unit}
    for column, values in names.items():
        near[column] = np.concatenate([np.isin(values[one.test], values[one.train]) for one in splits])
    near["near_copy"] = near["r"] > NEAR
    near = near.rename(
        columns={"r": "nearest_r", "is_replicate": "nearest_is_replicate", "has_tissue": "nearest_has_tissue"}
    )
    grouped = near.groupby("kind", sort=False)
    table = grouped[SHARES].mean()
    table.insert(0, "folds", grouped["fold"].nunique())
    table.insert(1, "n_test", grouped.size())
    return table.reset_index()


def all_nearest(data: Expression, splits: Iterable[Split]) -> pd.DataFrame:
    """Find the nearest training sample of each test sample of every split.

    Columns: kind, fold, sample, tissue, nearest (names), r, is_replicate (same group and tissue), has_tissue.
    """
    log = log_plus_one(data.values)
    between = row_correlation(log, log)
    names, parts = np.asarray(data.samples, dtype=object), []
    for one in splits:
        inside = between[np.ix_(one.test, one.train)].round(9)  # equal samples tie exactly
        found = one.train[inside.argmax(axis=1)]
        has_tissue = data.tissue[found] == data.tissue[one.test]
        is_replicate = has_tissue & (data.group[found] == data.group[one.test])
        of_test = {"sample": names[one.test], "tissue": data.tissue_names[one.test]}
        of_nearest = {"nearest": names[found], "r": inside.max(axis=1), "is_replicate": is_replicate}
        columns = {"kind": one.kind, "fold": one.name, **of_test, **of_nearest, "has_tissue": has_tissue}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)
