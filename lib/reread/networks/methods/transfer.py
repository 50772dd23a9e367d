"""Train on one data set and predict another, after removing what both share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import permutations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.metrics import auroc, summary
from reread.networks.data.features import gene_features
from reread.networks.data.load import SIMULATED, load
from reread.networks.data.tables import Expression, GRNDataset, Pairs, stack
from reread.networks.methods import benchmark, gene_names
from reread.networks.methods.full_grid import RENAMED, full_grid
from reread.networks.methods.infer import N_TREES, infer, lightgbm_gains, remembered, weights_at

EXCLUDE = ("nothing", "pairs", "tfs-and-genes")
DECIMALS = 6  # sums over genes differ between processors beyond them, and a tree would split there
MODEL, NAMES, UNSUPERVISED = "pair-statistics", "one-hot-logistic", "spearman"


def load_each(sources: Sequence[str], *, seed: int = 0) -> dict[str, GRNDataset]:
    """Load data sets by name; a single simulated source becomes two independent ones.

    The second one has another network and other names. A single real source raises ParameterError: another
    seed gives the same cells again, so that training and test data would be identical.
    """
    names = list(dict.fromkeys(sources))
    if len(names) < 2 and names != [SIMULATED]:
        raise ParameterError(
            f"Transfer needs two different data sets, but lineages={' '.join(names)!r} names one real "
            f"source. Its cells are the same for every seed.\nAdd another source, for example: "
            f"-p lineages='{' '.join(names)} {'mhsc-l' if names != ['mhsc-l'] else 'mhsc-e'}'"
        )
    datasets = {source: load(source, seed=seed) for source in names}
    if len(names) == 1:
        other, name = load(SIMULATED, seed=seed + 1), f"{SIMULATED} 2"
        genes = tuple(f"{gene} of 2" for gene in other.expression.genes)
        expression = Expression(other.expression.values, genes, name)
        datasets[name] = replace(other, expression=expression, pairs=replace(other.pairs, genes=genes))
    return datasets


def overlaps(datasets: Mapping[str, GRNDataset]) -> pd.DataFrame:
    """Count what each two data sets share.

    Columns: source, target, cells (of the target, equal to a source cell in all shared genes), genes, tfs and
    pairs (of the target's list), all as numbers; one row for each ordered pair of data sets.
    """
    return pd.DataFrame(
        {"source": source, "target": target, **overlap(datasets[source], datasets[target])[0]}
        for source, target in permutations(datasets, 2)
    )


def _by_statistics(
    train: Sequence[tuple[GRNDataset, Pairs]], test: tuple[GRNDataset, Pairs], seed: int
) -> np.ndarray:
    """Probability (pair,) of the test pairs by LightGBM on pair statistics, trained on other data sets."""
    *x, x_test = (
        pair_statistics(dataset, seed=seed)[np.searchsorted(dataset.tfs, pairs.tf), pairs.gene]
        for dataset, pairs in (*train, test)
    )
    label = np.concatenate([pairs.label for _, pairs in train])
    return benchmark.lightgbm(np.concatenate(x), label, x_test, seed)


def transfer_matrix(datasets: Mapping[str, GRNDataset], *, seed: int = 0) -> pd.DataFrame:
    """Train on every data set and test on every other one, with three degrees of exclusion.

    One row for each source, target, exclusion (``excluded``: nothing, pairs, tfs-and-genes) and method
    (one-hot names; pair statistics; absolute Spearman correlation, which is not trained): n_pairs and auroc,
    NaN where the rows left hold one class only. Cells that the source has too are removed from the target.
    """
    tables = [transfer(datasets[a], datasets[b], seed=seed) for a, b in permutations(datasets, 2)]
    return pd.concat(tables, ignore_index=True)


def transfer(source: GRNDataset, target: GRNDataset, *, seed: int = 0) -> pd.DataFrame:
    """Train on all pairs of the source and test on the target; columns as :func:`transfer_matrix`."""
    _, seen = overlap(source, target)
    clean = _without_cells(target, seen)
    weights = infer("spearman", clean.expression, clean.tfs)
    scores = {
        NAMES: _names_score(source, clean),
        MODEL: _by_statistics([(source, source.pairs)], (clean, clean.pairs), seed),
        UNSUPERVISED: weights_at(weights, clean.tfs, clean.pairs.tf, clean.pairs.gene),
    }
    names = {"source": source.expression.name, "target": target.expression.name}
    rows = []
    for exclude in EXCLUDE:
        kept = kept_rows(source, clean.pairs, exclude)
        label = clean.pairs.label[kept]
        for method, score in scores.items():
            measured = auroc(label, score[kept]) if 0 < label.sum() < len(label) else np.nan
            row = {"excluded": exclude, "method": method, "n_pairs": len(kept), "auroc": measured}
            rows.append(names | row)
    return pd.DataFrame(rows)


def _names_score(source: GRNDataset, target: GRNDataset) -> np.ndarray:
    """One-hot names trained on the source; names that it lacks add nothing."""
    genes = np.unique([*source.expression.genes, *target.expression.genes])
    lists = []
    for pairs in (source.pairs, target.pairs):
        tf, gene = (np.searchsorted(genes, names) for names in (pairs.tf_names, pairs.gene_names))
        lists.append(Pairs(tf, gene, pairs.label, tuple(genes)))
    train, test = np.split(np.arange(sum(map(len, lists))), [len(source.pairs)])
    return gene_names.one_hot_logistic(stack(*lists), train, test)


def unseen(moved: pd.DataFrame) -> pd.Series:
    """Mean AUROC of each method where the source has neither TF nor gene.

    ``moved`` comes from :func:`transfer_matrix`. Returns AUROC (method,); NaN where no pair is left.
    """
    return moved[moved["excluded"] == EXCLUDE[-1]].groupby("method", sort=False)["auroc"].mean()


def supervised_over_spearman(moved: pd.DataFrame) -> float:
    """Mean AUROC of pair statistics minus that of Spearman, where TFs and genes are both new.

    ``moved`` comes from :func:`transfer_matrix`; the difference is between -1 and 1, NaN where no pair is
    left.
    """
    mean = unseen(moved)
    return float(mean[MODEL] - mean[UNSUPERVISED])


def transfer_to_new_network(*, n_networks: int, n_trees: int = N_TREES, seed: int = 0) -> pd.DataFrame:
    """Train pair statistics on the full grids of simulated networks, and predict that of a new network.

    ``n_networks`` training networks have seeds ``seed``, ``seed + 1``, ...; the next one is the test network.
    One row for each method (pair statistics; GENIE3 and absolute Pearson correlation, which are not trained):
    auroc, auprc_ratio, early_precision_ratio, brier and calibration_error of probabilities.
    """
    datasets = [load(SIMULATED, seed=seed + k) for k in range(n_networks + 1)]
    *train, (test, pairs) = [(dataset, full_grid(dataset)) for dataset in datasets]
    probability = _by_statistics(train, (test, pairs), seed)
    rows = [{"method": MODEL, **summary(pairs.label, probability, probability)}]
    for method in ("genie3", "pearson"):
        weights = infer(method, test.expression, test.tfs, seed=seed, n_trees=n_trees)
        score = weights_at(weights, test.tfs, pairs.tf, pairs.gene)
        rows.append({"method": method, **summary(pairs.label, score)})
    columns = ["method", "auroc", "auprc_ratio", "early_precision_ratio", "brier", "calibration_error"]
    return pd.DataFrame(rows).rename(columns=RENAMED)[columns]


def overlap(source: GRNDataset, target: GRNDataset) -> tuple[dict[str, int], np.ndarray]:
    """Count shared cells (equal in all shared genes), genes, tfs and pairs; mask these target cells."""
    genes = sorted(set(source.expression.genes) & set(target.expression.genes))
    held, asked = (
        np.ascontiguousarray(one.values[:, [one.genes.index(name) for name in genes]])
        for one in (source.expression, target.expression)
    )
    known = {row.tobytes() for row in held}
    cells = np.array([bool(genes) and row.tobytes() in known for row in asked])
    tfs = {source.expression.genes[i] for i in source.tfs} & {target.expression.genes[i] for i in target.tfs}
    n_pairs = len(target.pairs) - len(kept_rows(source, target.pairs, "pairs"))
    counts = {"cells": int(cells.sum()), "genes": len(genes), "tfs": len(tfs), "pairs": n_pairs}
    return counts, cells


def kept_rows(source: GRNDataset, pairs: Pairs, exclude: str) -> np.ndarray:
    """Rows (row,) of ``pairs`` that may be tested after training on the source."""
    if exclude not in EXCLUDE:
        raise ParameterError(f"There is no exclusion {exclude!r}. {did_you_mean(exclude, EXCLUDE)}")
    if exclude == "nothing":
        return np.arange(len(pairs))
    if exclude == "pairs":
        listed, asked = (
            pd.MultiIndex.from_arrays([one.tf_names, one.gene_names]) for one in (source.pairs, pairs)
        )
        return np.flatnonzero(~asked.isin(listed))
    known_tf = np.isin(pairs.tf_names, source.pairs.tf_names)
    known_gene = np.isin(pairs.gene_names, source.pairs.gene_names)
    return np.flatnonzero(~known_tf & ~known_gene)


def _without_cells(dataset: GRNDataset, cells: np.ndarray) -> GRNDataset:
    """Remove cells (bool (cell,)) from a data set."""
    left = dataset.expression.values[~cells]
    if len(left) < 2:
        raise DataError(
            f"Transfer needs at least 2 cells of {dataset.expression.name} that the source lacks, but there "
            f"are {len(left)}.\nChoose sources with different cells."
        )
    return replace(dataset, expression=replace(dataset.expression, values=left))


def pair_statistics(dataset: GRNDataset, *, seed: int = 0) -> np.ndarray:
    """Statistics (tf, gene, statistic) of all pairs, float32, from expression alone; kept in memory."""
    compute = partial(_computed, dataset, seed)
    return remembered(f"statistics {seed}", dataset.expression, dataset.tfs, compute)


def _computed(dataset: GRNDataset, seed: int) -> np.ndarray:
    expression, tfs = dataset.expression, dataset.tfs
    r, rho = (
        gene_features(expression.values, kind)[tfs].astype(np.float64) for kind in ("pearson", "spearman")
    )
    for matrix in (r, rho):
        matrix[np.arange(len(tfs)), tfs] = 0.0
    information = infer("mutual-information", expression, tfs)
    gain = lightgbm_gains(expression, tfs, seed=seed)
    ranks = [_ranks(np.abs(matrix)) for matrix in (r, rho, information)]
    statistics = [r, rho, np.abs(r), np.abs(rho), information]
    statistics += [rank for both in ranks for rank in both]
    statistics += [_context_likelihood(np.abs(r)), _context_likelihood(information)]
    statistics += [gain / max(gain.std(), 1e-12), *_ranks(gain), *_levels(expression, tfs)]
    return np.round(np.stack(statistics, axis=-1), DECIMALS).astype(np.float32)


def _ranks(strength: np.ndarray) -> list[np.ndarray]:
    """Rank (tf, gene) from 0 to 1 among the genes of each TF, and among the TFs of each gene."""
    return [(rankdata(strength, axis=axis) - 1) / max(strength.shape[axis] - 1, 1) for axis in (1, 0)]


def _context_likelihood(strength: np.ndarray) -> np.ndarray:
    """Context likelihood of relatedness (Faith 2007): positive z-scores in row and column, joined."""
    scores = [
        np.maximum(strength - strength.mean(axis=axis, keepdims=True), 0)
        / np.maximum(strength.std(axis=axis, keepdims=True), 1e-12)
        for axis in (1, 0)
    ]
    return np.hypot(*scores)


def _levels(expression: Expression, tfs: np.ndarray) -> list[np.ndarray]:
    """Mean, standard deviation and share of zeros, of the TF and of the gene, each (tf, gene)."""
    values = expression.values
    mean, spread = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
    level = [mean / max(mean.mean(), 1e-12), spread / max(spread.mean(), 1e-12), (values == 0).mean(axis=0)]
    shape = (len(tfs), values.shape[1])
    of_tf = [np.broadcast_to(x[tfs][:, None], shape) for x in level]
    return of_tf + [np.broadcast_to(x, shape) for x in level]
