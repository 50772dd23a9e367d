"""Compare expected gradients with ``shap.GradientExplainer``: CPU time and error of additivity.

shap as published explains every class, one sample at a time; ours explains the predicted class. A third
variant asks shap for the predicted class alone. The benchmark fails if our mean error is larger than shap's.
Run: python benchmarks/expected_gradients.py [--small]
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from time import process_time

import numpy as np
from reread.maize.data import load as data
from reread.maize.data.splits import split
from reread.maize.models import training
from reread.maize.models.training import Recipe

RECIPE = {
    "inputs": "scaled", "dense": 64, "momentum": 0.9, "batch": 16, "rate": 1e-3, "schedule": "constant",
    "validation": 0.0,
}  # fmt: skip
POINTS = 200


def raced(explain: Callable, *inputs, seed: int) -> dict[str, float]:
    start = process_time()
    attribution, residual = explain(*inputs, seed=seed)
    spent = process_time() - start
    error = np.abs(residual)
    return {"cpu_s": spent, "mean_error": error.mean(), "largest_error": error.max(), "maps": attribution}


def every_class(model, images, references, classes, *, seed: int):
    """As published: all classes, of which the attribution of the predicted one is kept."""
    import shap
    from reread.maize.models.explainers import residual

    values = shap.GradientExplainer(model, references).shap_values(images, nsamples=POINTS, rseed=seed)
    kept = np.asarray(values)[np.arange(len(images)), ..., classes]
    return kept, residual(model, images, references, classes, kept)


def one_class(model, images, references, classes, *, seed: int):
    from reread.maize.models.explainers import shap_gradients

    return shap_gradients(model, images, references, n=POINTS, seed=seed)[:2]


def ours(model, images, references, classes, *, seed: int):
    from reread.maize.models.explainers import expected_gradients

    return expected_gradients(model, images, references, classes, n=POINTS, seed=seed)


def race(source: str, n_genes: int, widths: str, epochs: int, n_samples: int) -> dict[str, dict[str, float]]:
    whole = data.load(source, n_genes=n_genes)
    fold = split(whole, "replicate")[0]
    train, test = whole.take(fold.train), whole.take(fold.test[:n_samples])
    recipe = Recipe(widths=widths, epochs=epochs, **RECIPE)
    trained = training.fit(train.values, train.tissue, whole.n_tissues, recipe=recipe)
    images, references = trained.images(test.values), trained.images(train.values)
    classes = trained.predict_proba(test.values).argmax(axis=1)
    every_class(trained.model, images[:1], references, classes[:1], seed=0)  # warm up: shap imports much
    ways = {
        "shap, every class": every_class,
        "shap, predicted class": one_class,
        "ours, predicted class": ours,
    }
    task = (trained.model, images, references, classes)
    measured = {name: raced(way, *task, seed=1) for name, way in ways.items()}
    exact, _ = expected(task)
    for row in measured.values():
        row["r"] = np.corrcoef(row.pop("maps").ravel(), exact.ravel())[0, 1]
    print(
        f"{len(images)} samples of {whole.n_tissues} tissues, {len(whole.genes)} genes, {POINTS} points each"
    )
    return measured


def expected(task) -> tuple[np.ndarray, np.ndarray]:
    """The same attributions from thirty times the points."""
    from reread.maize.models.explainers import expected_gradients

    return expected_gradients(*task, n=30 * POINTS, seed=9)


def checked(measured: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    ours = measured["ours, predicted class"]["mean_error"]
    theirs = min(row["mean_error"] for name, row in measured.items() if name.startswith("shap"))
    assert ours <= theirs, f"Our mean error {ours:.4f} is larger than shap's {theirs:.4f}."
    return measured


def main() -> dict[str, dict[str, float]]:
    warnings.simplefilter("ignore")  # shap and Keras disagree on how to wrap one input
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="simulated samples in place of Walley 2016")
    small = parser.parse_args().small
    measured = race("simulated", 400, "4 8", 6, 4) if small else race("walley-2016", 2000, "16 32", 20, 12)
    print(f"{'':22s} {'CPU s':>8s} {'mean error':>11s} {'largest':>8s} {'r':>7s}")
    for name, row in measured.items():
        errors = f"{row['mean_error']:11.4f} {row['largest_error']:8.4f} {row['r']:7.4f}"
        print(f"{name:22s} {row['cpu_s']:8.2f} {errors}")
    fast = checked(measured)["ours, predicted class"]
    for name in ("shap, every class", "shap, predicted class"):
        print(f"ratio to {name}: {measured[name]['cpu_s'] / fast['cpu_s']:.1f}")
    return measured


if __name__ == "__main__":
    main()
