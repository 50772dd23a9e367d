"""Both protocols and all baselines on every hold-out, and the network on other gene orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from reread.maize.data.splits import Split, split
from reread.maize.data.tables import Expression
from reread.maize.methods.attribution import OURS, Explainer, explain
from reread.maize.methods.gene_sets import jaccard
from reread.maize.models import baselines, training
from reread.maize.models.training import Network, Recipe

PUBLISHED, CORRECTED, CONTROL = "CNN, as published", "CNN, corrected", "CNN, permuted labels"
NETWORKS = (PUBLISHED, CORRECTED)
FILE = "order of the file"
Known = Mapping[tuple[str, str, int], Network]


def train_networks(
    data: Expression, folds: Sequence[Split], recipes: Mapping[str, Recipe], seed: int
) -> dict[tuple[str, str, int], Network]:
    """Train every network of ``recipes`` on every fold.

    Returns trained networks by model, name of the fold and seed. A network sees values (sample, gene) in FPKM
    of the training samples of its fold.
    """
    parts = {fold.name: (data.values[fold.train], data.tissue[fold.train]) for fold in folds}
    return {
        (name, fold, seed): training.fit(*train, data.n_tissues, seed, recipe=recipe)
        for fold, train in parts.items()
        for name, recipe in recipes.items()
    }


def evaluate_holdouts(
    data: Expression, kinds: Sequence[str], recipes: Mapping[str, Recipe], *, seeds: Sequence[int] = (0,),
    n_folds: int = 1, known: Known | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Train the networks of ``recipes`` and every baseline on every fold, and predict the test samples.

    Each seed has its own random samples and groups; the network as published has the first seed only.
    Networks ``known`` by model, fold and seed are not trained again. On the first fold the corrected network
    is also trained on permuted labels (negative control). Returns one row a prediction: kind, fold, model,
    seed, sample, tissue, predicted. Raises ParameterError if the image is too small for the layers.
    """
    fits: dict[str, Any] = {name: partial(training.fit, recipe=recipe) for name, recipe in recipes.items()}
    parts = []
    for seed in seeds:
        for kind in kinds:
            for fold in split(data, kind, seed=seed, n_folds=n_folds):
                for model, fit in {**fits, **baselines.MODELS}.items():
                    if model != PUBLISHED or seed == seeds[0]:
                        trained = (known or {}).get((model, fold.name, seed))
                        parts.append(_predicted(data, fold, model, seed, fit, trained))
        first = split(data, kinds[0], seed=seeds[0], n_folds=n_folds)[0]
        if CORRECTED in fits:
            permuted = np.random.default_rng(seed).permutation(data.tissue[first.train])
            parts.append(_predicted(data, first, CONTROL, seed, fits[CORRECTED], labels=permuted))
    return pd.concat(parts, ignore_index=True)


def _predicted(
    data: Expression, fold: Split, model: str, seed: int, fit: Any, trained: Any = None,
    labels: np.ndarray | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Predictions of one model for the test samples of one fold."""
    if trained is None:
        labels = data.tissue[fold.train] if labels is None else labels
        trained = fit(data.values[fold.train], labels, data.n_tissues, seed)
    predicted = trained.predict_proba(data.values[fold.test]).argmax(axis=1)
    names, tissues = (np.asarray(words, dtype=object) for words in (data.samples, data.tissues))
    found = {"sample": names[fold.test], "tissue": data.tissue_names[fold.test]}
    how = {"kind": fold.kind, "fold": fold.name, "model": model, "seed": seed}
    return pd.DataFrame({**how, **found, "predicted": tissues[predicted]})


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


def macro_f1(true: Sequence, predicted: Sequence) -> float:
    """Mean F1 over the tissues that are tested; a tissue that is never predicted correctly has 0."""
    from sklearn.metrics import f1_score

    labels = sorted(set(true))
    return float(f1_score(true, predicted, labels=labels, average="macro", zero_division=0))


def lead(table: pd.DataFrame) -> pd.DataFrame:
    """Macro-F1 of each network minus that of the best baseline, by hold-out.

    ``table`` comes from :func:`summary`. Columns: kind, model, lead (-1 to 1), baseline (name of the best
    one).
    """
    rows = []
    for kind, part in table.groupby("kind", sort=False):
        score = part.set_index("model")["macro_f1"]
        others = score[score.index.isin(list(baselines.MODELS))]
        known = [name for name in NETWORKS if name in score]
        rows += [(kind, name, score[name] - others.max(), others.idxmax()) for name in known]
    return pd.DataFrame(rows, columns=["kind", "model", "lead", "baseline"])


def confusion(predictions: pd.DataFrame, tissues: Sequence[str], *, kind: str) -> pd.DataFrame:
    """Confusion matrices of the networks on one kind of hold-out, over all folds and seeds.

    Every tested tissue by every tissue, in the order of ``tissues``: model, tissue, predicted, n, share (0 to
    1, of the predictions for the tissue).
    """
    part = predictions[(predictions["kind"] == kind) & predictions["model"].isin(NETWORKS)]
    tested = [name for name in tissues if (part["tissue"] == name).any()]
    models = [name for name in NETWORKS if (part["model"] == name).any()]
    names = ["model", "tissue", "predicted"]
    cells = pd.MultiIndex.from_product([models, tested, tissues], names=names)
    table = part.groupby(names).size().reindex(cells, fill_value=0).rename("n").reset_index()
    return table.assign(share=table["n"] / table.groupby(["model", "tissue"])["n"].transform("sum"))


def gene_orders(
    data: Expression, fold: Split, recipe: Recipe, *, n_shuffles: int, seeds: Sequence[int], known: Known,
    n_points: int = 64, k: int = 20,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Train a network in the order of the file with every seed, and in random gene orders with the first.

    Test samples are classified, and explained by expected gradients with ``n_points`` each. Returns one row a
    network (order, seed, accuracy), and one a pair (one, other, differs: seed, order or both; jaccard of the
    ``k`` best genes of a tissue, mean over tissues). Networks ``known`` are not trained again.
    """
    rng = np.random.default_rng(seeds[0])
    plans = [(FILE, None, seed) for seed in seeds]
    names = [f"random order {i + 1}" for i in range(n_shuffles)]
    plans += [(name, rng.permutation(len(data.genes)), seeds[0]) for name in names]
    rows, scores, train, fit = [], [], data.take(fold.train), partial(training.fit, recipe=recipe)
    for name, order, seed in plans:
        network = known.get((CORRECTED, fold.name, seed)) if order is None else None
        network = network or fit(train.values, train.tissue, data.n_tissues, seed, order=order)
        settings = Explainer(n_points=n_points, seed=seed)
        found = explain([OURS], {"CNN": network}, data, fold.train, fold.test, settings)[OURS]
        rows.append((name, seed, found.accuracy))
        scores.append(found.per_tissue)
    matrix, pairs = jaccard(scores, k), []
    for i, j in zip(*np.triu_indices(len(rows), 1), strict=True):
        same_order, same_seed = (rows[i][c] == rows[j][c] for c in (0, 1))
        differs = "seed" if same_order else "order" if same_seed else "both"
        names = (f"{rows[one][0]}, seed {rows[one][1]}" for one in (i, j))
        pairs.append((*names, differs, matrix[i, j]))
    columns = ["one", "other", "differs", "jaccard"]
    return pd.DataFrame(rows, columns=["order", "seed", "accuracy"]), pd.DataFrame(pairs, columns=columns)


def order_means(runs: pd.DataFrame, pairs: pd.DataFrame, n_genes: int, k: int = 20) -> dict[str, float]:
    """Mean accuracy by order, mean Jaccard by what differs, and the Jaccard of two random sets.

    Keys: ``accuracy_file``, ``accuracy_shuffled``, ``jaccard_seed``, ``jaccard_order``, ``jaccard_both``,
    ``chance`` (of sets that share the expected number, k² / genes); one without a run is left out.
    """
    is_file = runs["order"] == FILE
    values = {
        "accuracy_file": runs["accuracy"][is_file].mean(),
        "accuracy_shuffled": runs["accuracy"][~is_file].mean(),
        "chance": k / (2 * n_genes - k),
    }
    means = pairs.groupby("differs", sort=False)["jaccard"].mean()
    values |= {f"jaccard_{name}": value for name, value in means.items()}
    return {name: float(value) for name, value in values.items() if not np.isnan(value)}
