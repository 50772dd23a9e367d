"""The hold-out ladder: every model on every rung, from a random split to whole studies or stages held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score

from reread.core.errors import ParameterError, did_you_mean
from reread.maize.data.splits import Split, split
from reread.maize.models import baselines as simple
from reread.maize.models import training as network
from reread.maize.models.training import Recipe

if TYPE_CHECKING:
    from reread.maize.data.tables import Expression

CNN = "CNN"
MODELS = (CNN, *simple.MODELS)


def climb(
    data: Expression,
    kinds: Sequence[str],
    models: Sequence[str] = MODELS,
    *,
    seeds: Sequence[int] = (0,),
    test: float = 0.2,
    n_folds: int = 1,
    recipe: Recipe | None = None,
    known: Mapping[tuple[str, int], network.Network] | None = None,
) -> pd.DataFrame:
    """Train every model on every fold of every rung, and name the test samples.

    Parameters
    ----------
    data : Expression
    kinds : sequence of str
        Rungs, from ``split.KINDS``.
    models : sequence of str
        From ``MODELS``.
    seeds : sequence of int
        Each seed trains anew, and draws samples and groups anew; the replicates held out are the same for
        every seed. Models that draw nothing see the splits of the same seeds.
    test, n_folds
        As ``split.split``.
    recipe : Recipe, optional
        Of the network; published when left out.
    known : mapping of (str, int) to Network, optional
        Networks that were trained before, by name of the fold and seed; they are not trained again.

    Returns
    -------
    DataFrame
        One row a prediction: kind, fold, model, seed, sample, tissue, predicted (tissues by name).

    Raises
    ------
    ParameterError
        If a model is unknown.
    """
    for name in models:
        if name not in MODELS:
            raise ParameterError(f"There is no model {name!r}. {did_you_mean(name, MODELS)}")
    parts = [
        _named(data, fold, model, seed, recipe=recipe, known=known or {})
        for seed in seeds
        for kind in kinds
        for fold in split(data, kind, test=test, seed=seed, n_folds=n_folds)
        for model in models
    ]
    return pd.concat(parts, ignore_index=True)


def _named(
    data: Expression,
    fold: Split,
    model: str,
    seed: int,
    *,
    recipe: Recipe | None,
    known: Mapping[tuple[str, int], network.Network],
) -> pd.DataFrame:
    """Train one model on one fold and name its test samples; columns as :func:`climb`."""
    fitted = known.get((fold.name, seed)) if model == CNN else None
    if fitted is None:
        fit = partial(network.fit, recipe=recipe) if model == CNN else simple.MODELS[model]
        fitted = fit(data.values[fold.train], data.tissue[fold.train], data.n_tissues, seed)
    predicted = fitted.predict_proba(data.values[fold.test]).argmax(axis=1)
    words = np.asarray(data.tissues, dtype=object)
    return pd.DataFrame(
        {
            "kind": fold.kind,
            "fold": fold.name,
            "model": model,
            "seed": seed,
            "sample": np.asarray(data.samples, dtype=object)[fold.test],
            "tissue": words[data.tissue[fold.test]],
            "predicted": words[predicted],
        }
    )


def measured(predictions: pd.DataFrame) -> pd.DataFrame:
    """Measure accuracy and macro-F1 over all folds of a rung together, for each seed.

    Parameters
    ----------
    predictions : DataFrame
        From :func:`climb`.

    Returns
    -------
    DataFrame
        kind, model, seed, accuracy, macro_f1, n_test, n_tissues (those that are tested). Macro-F1 is the mean
        over the tissues that are tested; one that is only named, wrongly, costs the others their recall.
        Folds are taken together because a small fold does not hold every tissue.
    """
    keys = ["kind", "model", "seed"]
    rows = [
        (
            *key,
            (part["tissue"] == part["predicted"]).mean(),
            macro_f1(part["tissue"], part["predicted"]),
            len(part),
            part["tissue"].nunique(),
        )
        for key, part in predictions.groupby(keys, sort=False)
    ]
    return pd.DataFrame(rows, columns=[*keys, "accuracy", "macro_f1", "n_test", "n_tissues"])


def summary(by_seed: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds of :func:`measured`, with the least and the largest macro-F1: kind, model, ..."""
    grouped = by_seed.groupby(["kind", "model"], sort=False)
    return grouped.agg(
        accuracy=("accuracy", "mean"),
        macro_f1=("macro_f1", "mean"),
        low=("macro_f1", "min"),
        high=("macro_f1", "max"),
        n_test=("n_test", "first"),
        n_tissues=("n_tissues", "first"),
    ).reset_index()


def hardest(table: pd.DataFrame) -> dict[str, float]:
    """The network on the last rung of :func:`summary`: tissues tested, least and largest macro-F1."""
    last = table[table["model"] == CNN].iloc[-1]
    return {f"hardest_{name}": last[name].item() for name in ("n_tissues", "low", "high")}


def macro_f1(true: Sequence, predicted: Sequence) -> float:
    """F1 of each tissue that is tested, and their mean; 0 for one that is never named rightly."""
    labels = sorted(set(true))
    return float(f1_score(true, predicted, labels=labels, average="macro", zero_division=0))


def control(
    data: Expression, fold: Split, *, seeds: Sequence[int] = (0,), recipe: Recipe | None = None
) -> dict[str, float]:
    """Train the network on shuffled labels: nothing is left to learn but which tissue is common.

    Parameters
    ----------
    data : Expression
    fold : Split
        Labels of its training samples are shuffled, those of its test samples stay.
    seeds : sequence of int
        One shuffle and one training each.
    recipe : Recipe, optional
        As published when left out.

    Returns
    -------
    dict of str to float
        ``control_accuracy``, the mean over seeds; ``control_n_test``, the test samples;
        ``control_commonest``, the accuracy of naming always the tissue that most training samples have.
    """
    shares = []
    for seed in seeds:
        tissue = data.tissue.copy()
        tissue[fold.train] = np.random.default_rng(seed).permutation(tissue[fold.train])
        predicted = _named(replace(data, tissue=tissue), fold, CNN, seed, recipe=recipe, known={})
        shares.append((predicted["tissue"] == predicted["predicted"]).mean())
    commonest = np.bincount(data.tissue[fold.train]).argmax()
    return {
        "control_accuracy": float(np.mean(shares)),
        "control_n_test": len(fold.test),
        "control_commonest": float((data.tissue[fold.test] == commonest).mean()),
    }


def confusion(
    predictions: pd.DataFrame, tissues: Sequence[str], *, kind: str, model: str = CNN
) -> pd.DataFrame:
    """Count which tissue one model names for which, over all folds and seeds of one rung.

    Parameters
    ----------
    predictions : DataFrame
        From :func:`climb`.
    tissues : sequence of str
        All names, in the order to show them.
    kind, model : str
        Which rung and which model.

    Returns
    -------
    DataFrame
        Every tested tissue by every tissue: tissue, predicted, n, share (of the predictions for the tissue).
    """
    part = predictions[(predictions["kind"] == kind) & (predictions["model"] == model)]
    counts = pd.crosstab(part["tissue"], part["predicted"])
    tested = [name for name in tissues if name in counts.index]
    counts = counts.reindex(index=tested, columns=list(tissues), fill_value=0)
    table = counts.rename_axis(columns="predicted").stack().rename("n").reset_index()
    return table.assign(share=table["n"] / table.groupby("tissue")["n"].transform("sum"))


def lead(table: pd.DataFrame) -> pd.DataFrame:
    """Macro-F1 of the network less the best simple model's, by rung: kind, cnn_lead, best_simple."""
    rows = []
    for kind, part in table.groupby("kind", sort=False):
        score = part.set_index("model")["macro_f1"]
        simple_ones = score.drop(CNN)
        rows.append((kind, score[CNN] - simple_ones.max(), simple_ones.idxmax()))
    return pd.DataFrame(rows, columns=["kind", "cnn_lead", "best_simple"])
