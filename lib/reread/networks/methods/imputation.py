"""Impute expression, score it on masked values, and measure what it does to an inferred network.

All methods of ``METHODS`` read log-scale expression (cell, gene), in which a masked value is 0 like any other
zero; none knows which zeros were masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from reread.core import validate
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.metrics import auroc, average_precision
from reread.networks.data import load, simulate
from reread.networks.data.splits import split_pairs
from reread.networks.data.tables import Expression, GRNDataset
from reread.networks.methods import infer
from reread.networks.methods.benchmark import scorer_of
from reread.networks.methods.full_grid import full_grid

NONE, MEAN = "none", "gene-mean"
N_COMPONENTS = 20  # of the cells, for their distances
NEIGHBOURS = 30  # of the diffusion: cells with an affinity
WIDTH_NEIGHBOUR = 10  # whose distance is the width of the affinity
MOST_CELLS = 5_000  # distances of all cells take 0.2 GB
SHARE_HIDDEN = 0.1  # of all values: for testing, and as many again for tuning
PAIR_METHOD, PAIR_SCHEME = "components-lightgbm", "both"


def cell_distances(values: np.ndarray, n_components: int = N_COMPONENTS) -> np.ndarray:
    """Euclidean distances (cell, cell) between cells in their first principal components."""
    if len(values) > MOST_CELLS:
        raise DataError(
            f"Imputation compares all cells with each other, {MOST_CELLS:,} at most, but there are "
            f"{len(values):,}.\nTake a random sample of the cells."
        )
    centred = values - values.mean(axis=0, dtype=np.float64)
    left, size, _ = np.linalg.svd(centred, full_matrices=False)
    scores = (left * size)[:, :n_components]
    length = (scores**2).sum(axis=1)
    squared = length[:, None] + length[None] - 2 * scores @ scores.T
    np.fill_diagonal(squared, 0.0)
    return np.sqrt(np.maximum(squared, 0.0))


def gene_mean(values: np.ndarray) -> np.ndarray:
    """Fill every zero with the mean of its gene over all cells."""
    return np.where(values > 0, values, values.mean(axis=0, dtype=np.float64))


def knn_smooth(values: np.ndarray, *, k: int) -> np.ndarray:
    """Mean over a cell and its k - 1 nearest cells. Source: Wagner 2018, in one step and on log values."""
    nearest = np.argsort(cell_distances(values), axis=1, kind="stable")[:, : min(k, len(values))]
    return values[nearest].mean(axis=1, dtype=np.float64)


def diffusion_operator(distances: np.ndarray) -> np.ndarray:
    """Row-stochastic matrix (cell, cell) of the diffusion, from distances of cells.

    The affinity is exp(-(d / width)^2) of the 30 nearest cells, the width being the distance of the tenth; it
    is made symmetric, then each row is divided by its sum. Source: MAGIC (van Dijk 2018).
    """
    n_cells = len(distances)
    ordered = np.sort(distances, axis=1)
    last, width = (ordered[:, min(n, n_cells - 1)][:, None] for n in (NEIGHBOURS, WIDTH_NEIGHBOUR))
    affinity = np.exp(-((distances / np.where(width > 0, width, 1.0)) ** 2)) * (distances <= last)
    affinity += affinity.T
    return affinity / affinity.sum(axis=1, keepdims=True)


def diffuse(values: np.ndarray, *, t: int) -> np.ndarray:
    """Apply t steps of the diffusion operator to the cells. Source: van Dijk 2018, without its rescaling."""
    operator, moved = diffusion_operator(cell_distances(values)), values.astype(np.float64)
    for _ in range(t):
        moved = operator @ moved
    return moved


def _network(values: np.ndarray, *, kind: str, latent: int, epochs: int, seed: int) -> np.ndarray:
    from reread.networks.models.imputers import denoise

    return np.maximum(denoise(values, kind, latent=latent, epochs=epochs, seed=seed), 0.0)


# name -> function of values, and the settings that validation values choose from
METHODS: dict[str, tuple[Any, tuple[dict[str, int], ...]]] = {
    NONE: (np.copy, ({},)),
    MEAN: (gene_mean, ({},)),
    "knn": (knn_smooth, ({"k": 5}, {"k": 15}, {"k": 45})),
    "diffusion": (diffuse, ({"t": 1}, {"t": 3}, {"t": 9})),
    "autoencoder": (partial(_network, kind="autoencoder"), ({"latent": 4}, {"latent": 16})),
    "deeptgi-encoder": (partial(_network, kind="deeptgi-encoder"), ({"latent": 16}, {"latent": 64})),
}
TRAINED = ("autoencoder", "deeptgi-encoder")


def impute(method: str, values: np.ndarray, *, epochs: int = 40, seed: int = 0, **setting: int) -> np.ndarray:
    """Impute expression: float32 (cell, gene), never negative, from ``values`` (cell, gene) on a log scale.

    ``none`` returns the values, ``gene-mean`` fills zeros; the others replace every value. ``setting`` is one
    of ``METHODS[method]``; ``epochs`` and ``seed`` are of the two networks. An unknown method raises
    ParameterError. Sources: MAGIC (van Dijk 2018), kNN smoothing (Wagner 2018), DCA (Eraslan 2019), DeepTGI.
    """
    validate.axes(values, "values", cell=None, gene=None)
    if method not in METHODS:
        raise ParameterError(f"There is no imputation {method!r}. {did_you_mean(method, METHODS)}")
    if method in TRAINED:
        setting |= {"epochs": epochs, "seed": seed}
    return METHODS[method][0](values, **setting).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Masked:
    """Expression with hidden values, and what they were, (entry,), on the scale of what is left."""

    observed: np.ndarray  # (cell, gene), hidden values are 0
    cell: np.ndarray
    gene: np.ndarray
    target: np.ndarray
    is_test: np.ndarray  # the others choose the settings

    def error(self, imputed: np.ndarray, *, of_test: bool = True) -> float:
        """Root mean squared error of the hidden values of testing, or of tuning."""
        rows = self.is_test == of_test
        return float(np.sqrt(np.mean((imputed[self.cell, self.gene] - self.target)[rows] ** 2)))

    def correlation(self, imputed: np.ndarray) -> float:
        """Correlation of imputed and hidden test values after their gene means; NaN if either is constant."""
        table = pd.DataFrame({"ours": imputed[self.cell, self.gene], "target": self.target})[self.is_test]
        centred = table - table.groupby(self.gene[self.is_test]).transform("mean")
        varies = (centred.abs().max() > 1e-6).all()
        return float(np.corrcoef(centred.T)[0, 1]) if varies else float("nan")


def hide(values: np.ndarray, *, is_count: bool, seed: int = 0, share: float = SHARE_HIDDEN) -> Masked:
    """Hide a share of the values, zeros or not, for testing, and as many for tuning.

    ``values`` (cell, gene) are counts or on a log scale. Values above 0 alone would have a higher mean than
    the others, and reward a method that overestimates. Counts are normalised after hiding, by the depth
    that is left, so that nothing of a hidden count remains; its target has the same depth.
    """
    n = int(share * values.size)
    if n < 2:
        raise DataError(f"There are {values.size} values: too few to hide {share:.0%} of them twice.")
    chosen = np.random.default_rng(seed).permutation(values.size)[: 2 * n]
    cell, gene = np.unravel_index(chosen, values.shape)
    left = np.array(values)
    target, left[cell, gene] = values[cell, gene], 0
    if is_count:
        target = np.log1p(target * (1e4 / np.maximum(left.sum(axis=1), 1))[cell])
        left = simulate.normalise(left)
    return Masked(left.astype(np.float32), cell, gene, target.astype(np.float32), np.arange(2 * n) < n)


def masked_errors(masked: Masked, methods: Iterable[str] = METHODS, **training: int) -> pd.DataFrame:
    """Score each method on hidden values: method, setting (dict), rmse, correlation.

    Each setting is fitted without the values of tuning and of testing; the error on the first chooses it, and
    the error on the second is reported. ``training`` has ``epochs`` and ``seed``.
    """
    rows = []
    for method in methods:
        fits = [(s, impute(method, masked.observed, **training, **s)) for s in METHODS[method][1]]
        setting, imputed = min(fits, key=lambda one: masked.error(one[1], of_test=False))
        rows.append((method, setting, masked.error(imputed), masked.correlation(imputed)))
    return pd.DataFrame(rows, columns=["method", "setting", "rmse", "correlation"])


def largest_move(
    values: np.ndarray, *, is_count: bool, methods: Iterable[str], epochs: int = 1, seed: int = 0
) -> float:
    """Largest change of any imputed value after all hidden values were replaced; 0 if none is read.

    ``values`` (cell, gene) are counts or on a log scale. Each method of ``methods`` is run with each of its
    settings. The change is absolute, on the log scale of the imputed values. DataError where there are too
    few values to hide.
    """
    one, replaced = hide(values, is_count=is_count, seed=seed), np.array(values)
    replaced[one.cell, one.gene] = np.random.default_rng(seed).permutation(values[one.cell, one.gene]) + 3
    two = hide(replaced, is_count=is_count, seed=seed)
    largest = 0.0
    for method, setting in [(name, setting) for name in methods for setting in METHODS[name][1]]:
        first, second = (impute(method, m.observed, epochs=epochs, **setting) for m in (one, two))
        largest = max(largest, float(np.abs(first - second).max()))
    return largest


def cells_of(
    source: str, *, depth: float, seed: int = 0, **files: str
) -> tuple[GRNDataset, np.ndarray, bool]:
    """Load a data set, its values to hide from (cell, gene), and whether these are counts.

    Of simulated cells, each molecule is kept with probability ``depth``, as in shallow sequencing, and
    ``seed`` samples another network with other cells; the files of other sources have no counts.
    """
    if source != load.SIMULATED:
        dataset = load.load(source, seed=seed, **files)
        return dataset, dataset.expression.values, False
    network = simulate.simulate_network(seed=seed)
    counts = simulate.simulate_cells(network, seed=seed)
    counts = np.random.default_rng(seed).binomial(counts, depth)
    tfs = np.arange(len(network.weights))
    pairs = simulate.sample_pairs(network.truth, tfs, network.genes, seed=seed)
    cells = Expression(simulate.normalise(counts), network.genes, load.SIMULATED)
    return GRNDataset(cells, pairs, tfs, network.truth), counts, True


def with_permuted(dataset: GRNDataset, *, seed: int = 0) -> Expression:
    """Expression with a copy of every TF, permuted over cells, behind the genes.

    A permuted TF regulates nothing and correlates with nothing, whatever the data: what is inferred of it is
    false. Source: the permuted genes of Andrews and Hemberg 2018.
    """
    cells = dataset.expression
    copies = np.random.default_rng(seed).permuted(cells.values[:, dataset.tfs], axis=0)
    names = (*cells.genes, *(f"{cells.genes[tf]} permuted" for tf in dataset.tfs))
    return replace(cells, values=np.hstack([cells.values, copies]), genes=names)


def score_network(
    dataset: GRNDataset, imputed: Expression, inference: str, *, n_trees: int, seed: int = 0
) -> dict[str, float]:
    """Infer a network from imputed expression with permuted TFs, and score it by the reference network.

    ``auprc`` and ``auprc_ratio`` (1 at chance) are of the real TFs on the full grid. ``false_edges`` is the
    share of permuted TFs among as many strongest edges as the reference has; 0.5 says that the method cannot
    distinguish them from real TFs.
    """
    n_genes, n_tfs = len(dataset.expression.genes), len(dataset.tfs)
    tfs = np.concatenate([dataset.tfs, n_genes + np.arange(n_tfs)])
    weights = infer.infer(inference, imputed, tfs, n_trees=n_trees, seed=seed)[:, :n_genes]
    grid, row_of = full_grid(dataset), np.zeros(n_genes, dtype=int)
    row_of[dataset.tfs] = np.arange(n_tfs)
    real = weights[row_of[grid.tf], grid.gene]
    permuted = weights[n_tfs + row_of[grid.tf], grid.gene]
    auprc = average_precision(grid.label, real)
    found = {"auprc": auprc, "auprc_ratio": auprc / float(grid.label.mean())}
    return found | {"false_edges": share_at_top(permuted, real, int(grid.label.sum()))}


def false_correlations(imputed: Expression, n_genes: int) -> float:
    """Share of pairs of a permuted TF and a gene whose Pearson correlation has p < 0.05 after Bonferroni."""
    permuted = np.arange(n_genes, len(imputed.genes))
    r = infer.infer("pearson", imputed, permuted)[:, :n_genes].ravel()
    return float((p_of_correlation(r, len(imputed.values)) * r.size < 0.05).mean())


def share_at_top(of: np.ndarray, beside: np.ndarray, n: int) -> float:
    """Share of ``of`` among the n largest values of both; ties at the border count as broken at random."""
    border = np.sort(np.concatenate([of, beside]))[-n]
    above = [(one > border).sum() for one in (of, beside)]
    tied = [(one == border).sum() for one in (of, beside)]
    return float(above[0] + (n - sum(above)) * tied[0] / sum(tied)) / n


def p_of_correlation(r: np.ndarray, n_cells: int) -> np.ndarray:
    """Two-sided p value of a Pearson correlation of independent normal values over ``n_cells`` cells."""
    r = np.minimum(np.abs(r), 1 - 1e-12)
    return 2 * stats.t.sf(r * np.sqrt((n_cells - 2) / (1 - r**2)), n_cells - 2)


def pair_auroc(dataset: GRNDataset, imputed: Expression, *, seed: int = 0) -> float:
    """AUROC of LightGBM for pairs with TF and gene held out, mean over folds; NaN for too short a list."""
    own = replace(dataset, expression=imputed)
    try:
        folds = split_pairs(own.pairs, PAIR_SCHEME, seed=seed)
    except DataError:
        return float("nan")
    score = scorer_of(PAIR_METHOD, own, seed=seed)
    return float(np.mean([auroc(own.pairs.label[fold.test], score(fold)) for fold in folds]))


def compare(
    source: str, inferences: Sequence[str], *, n_seeds: int = 3, depth: float = 1.0, epochs: int = 40,
    n_trees: int = 100, seed: int = 0, **files: str,
) -> pd.DataFrame:  # fmt: skip
    """Impute by every method of ``METHODS`` for each seed, and score masked values, networks and pairs.

    A seed is another simulated network, or other masks, permutations and training on the same real cells.
    Settings are chosen on masked values alone; networks are inferred from all values, none hidden. Returns
    seed, method, setting, measure and value; the measures of :func:`score_network` end in the inference.
    """
    rows = []
    for one in range(seed, seed + n_seeds):
        dataset, values, is_count = cells_of(source, depth=depth, seed=one, **files)
        errors = masked_errors(hide(values, is_count=is_count, seed=one), epochs=epochs, seed=one)
        control = with_permuted(dataset, seed=one)
        n_genes = len(dataset.expression.genes)
        for row in errors.itertuples():
            imputed = impute(row.method, control.values, epochs=epochs, seed=one, **row.setting)
            found, whole = (
                {"rmse": row.rmse, "correlation": row.correlation},
                replace(control, values=imputed),
            )
            found["false_correlations"] = false_correlations(whole, n_genes)
            for inference in inferences:
                scores = score_network(dataset, whole, inference, n_trees=n_trees, seed=one)
                found |= {f"{measure}.{inference}": value for measure, value in scores.items()}
            real = replace(dataset.expression, values=np.ascontiguousarray(imputed[:, :n_genes]))
            found["pair_auroc"] = pair_auroc(dataset, real, seed=one)
            setting = " ".join(f"{name}={value}" for name, value in row.setting.items())
            rows += [(one, row.method, setting, measure, value) for measure, value in found.items()]
    return pd.DataFrame(rows, columns=["seed", "method", "setting", "measure", "value"])


def summary(compared: pd.DataFrame, reference: str = NONE) -> pd.DataFrame:
    """Mean over seeds of each method and measure, and its paired difference from another method.

    ``low`` and ``high`` are a 95 % interval of the difference (Student's t over seeds; NaN for one seed).
    """
    keys = ["measure", "seed"]
    base = compared[compared["method"] == reference].set_index(keys)["value"].rename("base")
    table = compared.join(base, on=keys)
    table["gain"] = table["value"] - table["base"]
    groups = table.groupby(["method", "measure"], sort=False)
    found = groups.agg(value=("value", "mean"), sd=("value", "std"), gain=("gain", "mean"))
    n, spread = groups["gain"].count(), groups["gain"].std()
    half = stats.t.ppf(0.975, np.maximum(n - 1, 1)) * spread / np.sqrt(n)
    return found.assign(low=found["gain"] - half, high=found["gain"] + half).reset_index()
