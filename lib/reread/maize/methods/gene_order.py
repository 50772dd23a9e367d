"""Effect of the gene order in the image: the same network on other orders and with other seeds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from reread.maize.data.splits import Split
from reread.maize.data.tables import Expression
from reread.maize.methods.attribution import Explainer, explain, train_models
from reread.maize.methods.gene_sets import jaccard
from reread.maize.models.training import Network, Recipe

FILE = "file"  # the order of the columns
METHOD = "CNN, expected gradients"


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Networks trained on several gene orders and seeds.

    ``runs`` has one row a network: order (``file``, ``shuffle 1``, ...), seed, accuracy on the test samples.
    ``scores`` holds (tissue, gene) of each, ``networks`` those in file order, by fold and seed.
    """

    runs: pd.DataFrame
    scores: tuple[np.ndarray, ...]
    networks: dict[tuple[str, int], Network]


def orders(n_genes: int, n_shuffles: int, seed: int = 0) -> dict[str, np.ndarray | None]:
    """The order of the columns (``None``) and random permutations (gene,), by name."""
    rng = np.random.default_rng(seed)
    return {FILE: None} | {f"shuffle {i + 1}": rng.permutation(n_genes) for i in range(n_shuffles)}


def sensitivity(
    data: Expression,
    split: Split,
    recipe: Recipe,
    *,
    n_shuffles: int,
    n_seeds: int,
    seed: int = 0,
    n_points: int = 64,
) -> Sensitivity:
    """Train a network on every gene order with every seed, and score genes by expected gradients.

    Orders are that of the columns and ``n_shuffles`` permutations; seeds begin at ``seed``. Test samples are
    classified and explained with ``n_points`` each. Convolutions and pooling combine neighbouring pixels, and
    neighbours in a csv are neighbours by name: if that order were informative, permutation would reduce the
    accuracy. Raises ParameterError if the image is too small for the layers.
    """
    rows, scores, networks, settings = [], [], {}, Explainer(n_points=n_points)
    for name, order in orders(len(data.genes), n_shuffles, seed).items():
        for one in range(seed, seed + n_seeds):
            models = train_models([METHOD], data, split, seed=one, recipe=recipe, order=order)
            found = explain([METHOD], models, data, split.train, split.test, replace(settings, seed=one))
            rows.append((name, one, found[METHOD].accuracy))
            scores.append(found[METHOD].per_tissue)
            if order is None:
                networks[split.name, one] = models["CNN"]
    return Sensitivity(pd.DataFrame(rows, columns=["order", "seed", "accuracy"]), tuple(scores), networks)


def overlaps(found: Sensitivity, k: int = 20) -> pd.DataFrame:
    """Overlap of the top ``k`` genes of every two networks, one row a pair.

    Columns: one, other (as ``file, seed 0``), differs (``seed``, ``order``, ``both``), jaccard (mean over
    tissues).
    """
    matrix, runs = jaccard(found.scores, k), found.runs
    names = [f"{row.order}, seed {row.seed}" for row in runs.itertuples()]
    rows = []
    for i, j in zip(*np.triu_indices(len(runs), 1), strict=True):
        same_order, same_seed = (runs[c].iloc[i] == runs[c].iloc[j] for c in ("order", "seed"))
        differs = "seed" if same_order else "order" if same_seed else "both"
        rows.append((names[i], names[j], differs, matrix[i, j]))
    return pd.DataFrame(rows, columns=["one", "other", "differs", "jaccard"])


def summary(found: Sensitivity, pairs: pd.DataFrame, k: int = 20) -> dict[str, float]:
    """Mean accuracy by order, mean Jaccard by what differs, and the Jaccard of two random sets.

    Keys: ``accuracy_file``, ``accuracy_shuffled``, ``jaccard_seed``, ``jaccard_order``, ``jaccard_both``,
    ``chance``; one without a run is left out.
    """
    is_file = found.runs["order"] == FILE
    accuracy = found.runs["accuracy"]
    values = {"accuracy_file": accuracy[is_file].mean(), "accuracy_shuffled": accuracy[~is_file].mean()}
    means = pairs.groupby("differs", sort=False)["jaccard"].mean()
    values |= {f"jaccard_{name}": value for name, value in means.items()}
    values["chance"] = chance(found.scores[0].shape[1], k)
    return {name: float(value) for name, value in values.items() if not np.isnan(value)}


def chance(n_genes: int, k: int = 20) -> float:
    """Jaccard of two random sets of ``k`` genes that share the expected number, k² / genes."""
    shared = k * k / n_genes
    return shared / (2 * k - shared)
