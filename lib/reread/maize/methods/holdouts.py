"""Evaluate every model on every hold-out, from a random split to whole studies or stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from reread.maize.data.splits import Split, split
from reread.maize.data.tables import Expression
from reread.maize.models import baselines, training
from reread.maize.models.training import Network, Recipe

CNN = "CNN"
MODELS = (CNN, *baselines.MODELS)


def evaluate_holdouts(
    data: Expression,
    kinds: Sequence[str],
    recipe: Recipe,
    *,
    models: Sequence[str] = MODELS,
    seeds: Sequence[int] = (0,),
    n_folds: int = 1,
    known: Mapping[tuple[str, int], Network] | None = None,
) -> pd.DataFrame:
    """Train every model on every fold of every hold-out, and predict the test samples.

    Each seed trains again on its own random samples and groups; the held-out replicates do not change.
    Networks ``known`` by name of the fold and seed are not trained again. Returns one row a prediction: kind,
    fold, model, seed, sample, tissue, predicted (tissues by name). Raises ParameterError if the image is too
    small for the layers.
    """
    parts = []
    for seed in seeds:
        for kind in kinds:
            for fold in split(data, kind, seed=seed, n_folds=n_folds):
                for model in models:
                    network = (known or {}).get((fold.name, seed)) if model == CNN else None
                    parts.append(_predicted(data, fold, model, seed, recipe, network))
    return pd.concat(parts, ignore_index=True)


def _predicted(
    data: Expression, fold: Split, model: str, seed: int, recipe: Recipe, fitted: Network | None = None
) -> pd.DataFrame:
    """Train one model on one fold, unless it is ``fitted``, and predict its test samples."""
    if fitted is None:
        fit = partial(training.fit, recipe=recipe) if model == CNN else baselines.MODELS[model]
        fitted = fit(data.values[fold.train], data.tissue[fold.train], data.n_tissues, seed)
    predicted = fitted.predict_proba(data.values[fold.test]).argmax(axis=1)
    names, tissues = (np.asarray(words, dtype=object) for words in (data.samples, data.tissues))
    found = {
        "sample": names[fold.test],
        "tissue": data.tissue_names[fold.test],
        "predicted": tissues[predicted],
    }
    return pd.DataFrame({"kind": fold.kind, "fold": fold.name, "model": model, "seed": seed, **found})


def summary(predictions: pd.DataFrame) -> pd.DataFrame:
    """Accuracy and macro-F1 of each model on each hold-out, mean over seeds.

    Columns: kind, model, accuracy, macro_f1, low and high (smallest and largest macro-F1 of a seed), n_test,
    n_tissues (tested). Folds are pooled because a small fold does not hold every tissue.
    """
    rows = []
    for key, part in predictions.groupby(["kind", "model", "seed"], sort=False):
        true, predicted = part["tissue"], part["predicted"]
        rows.append((*key, (true == predicted).mean(), macro_f1(true, predicted), len(part), true.nunique()))
    columns = ["kind", "model", "seed", "accuracy", "macro_f1", "n_test", "n_tissues"]
    grouped = pd.DataFrame(rows, columns=columns).groupby(["kind", "model"], sort=False)
    ways = {"accuracy": ("accuracy", "mean"), "macro_f1": ("macro_f1", "mean"), "low": ("macro_f1", "min"),
            "high": ("macro_f1", "max")}  # fmt: skip
    return grouped.agg(**ways, n_test=("n_test", "first"), n_tissues=("n_tissues", "first")).reset_index()


def hardest(table: pd.DataFrame) -> dict[str, float]:
    """Tissues tested and range of macro-F1 of the network on the last hold-out of :func:`summary`."""
    last = table[table["model"] == CNN].iloc[-1]
    return {f"hardest_{name}": last[name].item() for name in ("n_tissues", "low", "high")}


def macro_f1(true: Sequence, predicted: Sequence) -> float:
    """Mean F1 over the tissues that are tested; a tissue that is never predicted correctly has 0."""
    from sklearn.metrics import f1_score

    labels = sorted(set(true))
    return float(f1_score(true, predicted, labels=labels, average="macro", zero_division=0))


def shuffled_labels(
    data: Expression, fold: Split, recipe: Recipe, *, seeds: Sequence[int] = (0,)
) -> dict[str, float]:
    """Train the network on permuted training labels, once a seed, as a negative control.

    Labels of the test samples stay. Keys: ``control_accuracy`` (mean over seeds), ``control_n_test`` (test
    samples), ``control_commonest`` (accuracy of always predicting the most common training tissue). Raises
    ParameterError if the image is too small for the layers.
    """
    shares = []
    for seed in seeds:
        tissue = data.tissue.copy()
        tissue[fold.train] = np.random.default_rng(seed).permutation(tissue[fold.train])
        predicted = _predicted(replace(data, tissue=tissue), fold, CNN, seed, recipe)
        shares.append((predicted["tissue"] == predicted["predicted"]).mean())
    commonest = np.bincount(data.tissue[fold.train]).argmax()
    return {
        "control_accuracy": float(np.mean(shares)),
        "control_n_test": len(fold.test),
        "control_commonest": float((data.tissue[fold.test] == commonest).mean()),
    }


def confusion(predictions: pd.DataFrame, tissues: Sequence[str], *, kind: str) -> pd.DataFrame:
    """Confusion matrix of the network on one kind of hold-out, over all folds and seeds.

    Every tested tissue by every tissue, in the order of ``tissues``: tissue, predicted, n, share (0 to 1, of
    the predictions for the tissue).
    """
    part = predictions[(predictions["kind"] == kind) & (predictions["model"] == CNN)]
    counts = pd.crosstab(part["tissue"], part["predicted"])
    tested = [name for name in tissues if name in counts.index]
    counts = counts.reindex(index=tested, columns=list(tissues), fill_value=0)
    table = counts.rename_axis(columns="predicted").stack().rename("n").reset_index()
    return table.assign(share=table["n"] / table.groupby("tissue")["n"].transform("sum"))


def lead(table: pd.DataFrame) -> pd.DataFrame:
    """Macro-F1 of the network less that of the best baseline, by hold-out: kind, cnn_lead, best_baseline."""
    rows = []
    for kind, part in table.groupby("kind", sort=False):
        score = part.set_index("model")["macro_f1"]
        others = score.drop(CNN)
        rows.append((kind, score[CNN] - others.max(), others.idxmax()))
    return pd.DataFrame(rows, columns=["kind", "cnn_lead", "best_baseline"])
