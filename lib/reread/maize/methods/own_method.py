"""A method of the reader's own beside ours: the same samples, hold-outs, baselines and scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from reread.core.errors import DataError
from reread.core.own_method import check_new, digest_of
from reread.maize.data import load
from reread.maize.data.splits import KINDS, Split, split
from reread.maize.data.tables import Expression
from reread.maize.methods import holdouts
from reread.maize.models import baselines


def score(
    fit: Callable[[pd.DataFrame, np.ndarray], Any], predict: Callable[[Any, pd.DataFrame], Sequence],
    *, source: str | Expression = "simulated", kinds: Sequence[str] = KINDS, n_folds: int = 1,
    name: str = "own", seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Score a classifier of tissues of your own on the hold-outs of the study, beside the baselines.

    Parameters
    ----------
    fit : callable
        ``fit(expression, tissue)`` returns a model. ``expression`` has a row for each training sample and a
        column for each gene (FPKM or TPM, no logarithm); ``tissue`` (sample,) has the names of the tissues.
    predict : callable
        ``predict(model, expression)`` returns the name of a tissue for each test sample.
    source : str or Expression
        ``simulated``, ``simulated-hard`` or ``walley-2016``, or what ``load.load`` returned.
    kinds : sequence of str
        ``random``, ``replicate`` or ``group``, from the easiest test to the hardest.
    n_folds, seed : int
        Folds of each hold-out; seed of simulated samples and of the hold-outs.
    name : str
        Name of your method in the table.

    Returns
    -------
    DataFrame
        One row for each hold-out and method: kind, model, accuracy, macro_f1, n_test, n_tissues. The row
        ``permuted labels`` is your method trained on permuted tissues, a null of its scores.

    Raises
    ------
    ParameterError
        If a source or hold-out is unknown, or the name is taken.
    DataError
        If ``predict`` does not return the name of a known tissue for each test sample.
    """
    null = "permuted labels"
    check_new(name, [*baselines.MODELS, null])
    data = load.load(source, seed=seed) if isinstance(source, str) else source
    parts = [holdouts.evaluate_holdouts(data, kinds, {}, seeds=(seed,), n_folds=n_folds)]
    rng = np.random.default_rng(seed)
    for kind in kinds:
        for fold in split(data, kind, seed=seed, n_folds=n_folds):
            tissue = data.tissue_names[fold.train]
            for model, labels in ((name, tissue), (null, rng.permutation(tissue))):
                found = _predicted(fit, predict, data, fold, labels)
                parts.append(found.assign(kind=kind, fold=fold.name, model=model, seed=seed))
    table = holdouts.summary(pd.concat(parts, ignore_index=True))
    return table.drop(columns=["low", "high"]).sort_values("kind", key=lambda k: k.map(list(kinds).index),
                                                           kind="stable", ignore_index=True)  # fmt: skip


def split_digests(source: str | Expression, *, n_folds: int = 1, seed: int = 0) -> dict[str, str]:
    """Digest of the row numbers of each hold-out, by its name; equal digests mean equal folds."""
    data = load.load(source, seed=seed) if isinstance(source, str) else source
    return {kind: digest_of(split(data, kind, seed=seed, n_folds=n_folds)) for kind in KINDS}


def _predicted(
    fit: Callable, predict: Callable, data: Expression, fold: Split, labels: np.ndarray
) -> pd.DataFrame:
    """Sample, tissue and predicted tissue of one fold; every call gets tables of its own."""
    train, test = (
        pd.DataFrame(data.values[rows], columns=list(data.genes)) for rows in (fold.train, fold.test)
    )
    found = np.asarray(predict(fit(train, labels.copy()), test), dtype=object)
    if found.shape != (len(fold.test),):
        raise DataError(
            f"predict must return one tissue for each of the {len(fold.test)} test samples, but its shape is "
            f"{found.shape}."
        )
    for word in set(found.tolist()) - set(data.tissues):
        raise DataError(
            f"predict returned {str(word)[:80]!r}, which is no tissue.\n"
            f"Return one of: {', '.join(data.tissues)}."
        )
    names = np.asarray(data.samples, dtype=object)[fold.test]
    return pd.DataFrame({"sample": names, "tissue": data.tissue_names[fold.test], "predicted": found})
