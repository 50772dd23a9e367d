"""Cluster samples by sets of genes, as published or corrected; V-measures, random sets and both tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from reread.core import validate
from reread.core.errors import DataError, ParameterError, need
from reread.core.stats import benjamini_hochberg, permutation_p
from reread.maize.data.image import log_plus_one
from reread.maize.data.tables import Expression
from reread.maize.methods.attribution import LIMMA, PUBLISHED, TREES
from reread.maize.methods.gene_files import Ranked
from reread.maize.methods.gene_sets import matched_sets, random_sets
from reread.maize.methods.kmeans import batched_kmeans, v_measure

UMAP_SEED = 42
ALL, PLANTED, RANDOM = "all genes", "planted genes", "random sets"
REFERENCES = (ALL, PLANTED)
AS_PUBLISHED, CORRECTED = "as published", "corrected"
RIVALS = (LIMMA, TREES)  # of the network, in the paper: moderated t stands in for limma


@dataclass(frozen=True)
class Protocol:
    """How samples are embedded and clustered.

    ``embed`` as ``embedding.embed``, such as ``umap-2``. ``n_clusters`` 0 is the number of tissues. Each set
    is clustered ``n_runs`` times, keeping the best of ``n_init`` starts; ``init`` is ``random`` (published)
    or ``kmeans-plus-plus``. With ``feed_back`` the clusters of a run are a feature of the next (notebook 3).
    """

    embed: str = "pca-10"
    n_clusters: int = 0
    n_init: int = 10
    n_runs: int = 1
    feed_back: bool = False
    init: str = "kmeans-plus-plus"

    def k(self, tissue: np.ndarray) -> int:
        """Number of clusters for these samples."""
        k = self.n_clusters or len(np.unique(tissue))
        if k > len(tissue):
            raise ParameterError(f"{len(tissue)} samples cannot form {k} clusters. Use fewer clusters.")
        return k


def embed_sets(log: np.ndarray, sets: Iterable[np.ndarray], n_dims: int = 10) -> np.ndarray:
    """Principal component scores (set, sample, dim) of log (sample, gene) for each set of genes."""
    validate.axes(log, "log", sample=None, gene=None)
    sets = [np.asarray(genes, dtype=int) for genes in sets]
    if len(log) < 2 or not sets or min(map(len, sets)) == 0:
        found = f"{len(log)} samples and {len(sets)} sets of {min(map(len, sets), default=0)} genes or more"
        raise DataError(f"An embedding needs two samples and sets of at least one gene, but has {found}.")
    parts = (log[:, genes].astype(float) for genes in sets)
    centred = (part - part.mean(axis=0) for part in parts)
    grams = np.stack([part @ part.T for part in centred])
    value, vector = np.linalg.eigh(grams)
    largest = slice(None, -min(n_dims, log.shape[0]) - 1, -1)
    score = vector[:, :, largest] * np.sqrt(np.maximum(value[:, None, largest], 0))
    peak = np.take_along_axis(score, np.abs(score).argmax(axis=1)[:, None, :], axis=1)
    return score * np.where(peak < 0, -1, 1)


def embed(log: np.ndarray, sets: Iterable[np.ndarray], how: str, seed: int = UMAP_SEED) -> np.ndarray:
    """Coordinates (set, sample, dim) by ``pca-10`` or ``umap-2``; the number is that of dimensions."""
    way, _, n_dims = how.partition("-")
    if way not in ("pca", "umap") or not n_dims.isdecimal() or int(n_dims) < 1:
        raise ParameterError(f"embed must be pca or umap and dimensions, such as pca-10, not {how!r}.")
    if way == "pca":
        return embed_sets(log, sets, int(n_dims))
    # otherwise the settings of the authors' notebook 3
    umap = partial(need("umap", "maize").UMAP, n_components=int(n_dims), random_state=seed, n_jobs=1)
    return np.stack([np.asarray(umap().fit_transform(log[:, genes]), dtype=float) for genes in sets])


def _cluster_runs(points: np.ndarray, k: int, protocol: Protocol, seed: int = 0) -> np.ndarray:
    """Clusters (run, set, sample) of points (set, sample, dim); each run has its own seed."""
    runs, features = [], points
    for run in range(protocol.n_runs):
        labels, _ = batched_kmeans(features, k, n_init=protocol.n_init, seed=seed + run, init=protocol.init)
        runs.append(labels)
        if protocol.feed_back:
            features = np.concatenate([points, labels[:, :, None].astype(float)], axis=2)
    return np.stack(runs)


def v_of_sets(
    log: np.ndarray, tissue: np.ndarray, sets: Sequence[np.ndarray], protocol: Protocol, seed: int = 0,
    umap_seed: int = UMAP_SEED,
) -> np.ndarray:  # fmt: skip
    """V-measure (set, run) of each set of genes in each run of k-means, on log (sample, gene)."""
    validate.axes(tissue, "tissue", sample=len(log))
    k = protocol.k(tissue)
    runs = _cluster_runs(embed(log, sets, protocol.embed, umap_seed), k, protocol, seed)
    return np.stack([v_measure(tissue, labels) for labels in runs], axis=1)


def gaussian_null(v: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of the published null, from V-measures (set, run) of random sets."""
    validate.axes(v, "v", set=None, run=None)
    if v.shape[1] < 2:
        raise DataError(f"The published null needs two runs of k-means on each set, but has {v.shape[1]}.")
    return float(v.mean()), float(np.sqrt(v.var(axis=1).mean()))


def gaussian_test(observed: np.ndarray, mean: float, sd: float) -> tuple[np.ndarray, np.ndarray]:
    """Z and one-sided p of V-measures (test,) under a normal null; z is infinite if sd is 0."""
    from scipy.stats import norm

    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(observed == mean, 0.0, (np.asarray(observed) - mean) / sd)
    return z, norm.sf(z)


def sources_of_variance(
    log: np.ndarray, tissue: np.ndarray, protocol: Protocol, *, size: int, n_sets: int, n_seeds: int = 5,
    seed: int = 0,
) -> dict[str, float]:  # fmt: skip
    """Standard deviation of V (sample, gene) of ``n_sets`` random sets of ``size`` genes, by source.

    Keys: ``runs`` (within a set, as published), ``sets`` (between their means), for UMAP ``seeds`` (one set).
    """
    sets = random_sets(log.shape[1], min(size, log.shape[1]), n_sets, seed)
    v = v_of_sets(log, tissue, sets, protocol, seed)
    spread = {"runs": gaussian_null(v)[1], "sets": float(v.mean(axis=1).std())}
    if not protocol.embed.startswith("umap"):
        return spread
    by_seed = [v_of_sets(log, tissue, sets[:1], protocol, seed, umap_seed=s).mean() for s in range(n_seeds)]
    return {**spread, "seeds": float(np.std(by_seed))}


def feedback_runs(
    log: np.ndarray, tissue: np.ndarray, genes: np.ndarray, protocol: Protocol, n_runs: int = 8, seed: int = 0
) -> pd.DataFrame:
    """V-measure of one set in each run, with the labels fed back and without: run (from 1), labels, v.

    The first run is the same in both.
    """
    rows = []
    for name, is_fed in (("fed back", True), ("not fed back", False)):
        v = v_of_sets(log, tissue, [genes], replace(protocol, feed_back=is_fed, n_runs=n_runs), seed)[0]
        rows += [(run, name, value) for run, value in enumerate(v, 1)]
    return pd.DataFrame(rows, columns=["run", "labels", "v"])


def samples_to_cluster(data: Expression, test: np.ndarray, which: str) -> tuple[np.ndarray, np.ndarray]:
    """Log2(x + 1) (sample, gene) and index of the tissue (sample,) of the samples that are clustered.

    ``which`` is ``all``, or ``held-out`` for the rows ``test`` (sample,) alone.
    """
    rows = np.arange(len(data.samples)) if which == "all" else test
    return log_plus_one(data.values[rows]), data.tissue[rows]


def with_planted(
    sets: Mapping[str, np.ndarray], data: Expression, k: int, seed: int = 0
) -> dict[str, np.ndarray]:
    """Add a set of ``k`` random planted genes of each tissue (0: all), if the data has ground truth."""
    if data.truth is None:
        return dict(sets)
    order = np.random.default_rng([seed, 5]).permutation(len(data.genes))
    planted = [order[data.truth.tissue_of[order] == t][: k or None] for t in range(data.n_tissues)]
    return {**sets, PLANTED: np.sort(np.concatenate(planted))}


def independent_sets(sets: Mapping[str, np.ndarray], which: str) -> dict[str, np.ndarray]:
    """The sets that were not selected on the clustered samples.

    The published variant explains the held-out samples, so it is left out where only these are clustered.
    """
    return {name: genes for name, genes in sets.items() if which == "all" or name != PUBLISHED}


def both_protocols(
    data: Expression, ranked: Ranked, published: Protocol, *, top_k: int, null_size: int, n_sets: int = 10,
    n_null: int = 99, seed: int = 0,
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:  # fmt: skip
    """Compare the V-measure of every set with random sets, as published and corrected.

    ``as published``: sets of the union rule, all samples, ``n_sets`` random sets of ``null_size`` genes.
    ``corrected``: the ``top_k`` genes of each tissue, held-out samples, ``n_null`` random sets matched to
    each set in size and expression. Returns the table of :func:`compare` with a column ``protocol``, and the
    V-measures (set,) of the random sets by ``protocol, method``. Raises as :func:`compare`.
    """
    plans = {
        AS_PUBLISHED: ("all", 0, published, {"size": null_size, "n_null": n_sets}),
        CORRECTED: ("held-out", top_k, Protocol(), {"n_null": n_null}),
    }
    tables, nulls = [], {}
    for name, (which, k, protocol, random) in plans.items():
        sets = with_planted(independent_sets(ranked.sets(k), which), data, k, seed)
        log, tissue = samples_to_cluster(data, ranked.test, which)
        table, drawn = compare(log, tissue, sets, protocol, seed=seed, **random)
        tables.append(table.assign(protocol=name, n_samples=len(tissue), of_all=table["v"].iloc[-1]))
        nulls |= {f"{name}, {method}": v for method, v in drawn.items()}
    whole = pd.concat(tables, ignore_index=True)
    return whole[["protocol", *whole.columns.drop("protocol")]], nulls


def gains_by_seed(
    data: Expression, ranked: Ranked, published: Protocol, *, size: int, n_sets: int = 10, n_seeds: int = 5,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Repeat the published clustering of the network's set with several seeds of UMAP and k-means.

    ``size`` and ``n_sets`` are of the random sets. The set is that of the published variant, or of the first
    method where it is missing. Returns a table (seed and other): seed, other (all genes, or random sets),
    gain (V-measure of the set less that of the other); and its summary (other,): other, gain (mean), gain_sd,
    gain_low and gain_high (95 % interval of the mean by Student's t). DataError for fewer than two seeds.
    """
    from scipy.stats import t

    if n_seeds < 2:
        raise DataError(f"An interval over seeds needs at least two seeds, but n_seeds is {n_seeds}.")
    sets = ranked.sets(0)
    name = PUBLISHED if PUBLISHED in sets else next(iter(sets))
    log, tissue = samples_to_cluster(data, ranked.test, "all")
    rows = []
    for i in range(n_seeds):
        other = {"seed": seed + i * published.n_runs, "umap_seed": UMAP_SEED + i}  # no two runs share a seed
        found = compare(log, tissue, {name: sets[name]}, published, size=size, n_null=n_sets, **other)[
            0
        ].iloc[0]
        rows += [(i, ALL, found["v_over_all"]), (i, RANDOM, found["v_over_random"])]
    table = pd.DataFrame(rows, columns=["seed", "other", "gain"])
    found = table.groupby("other", sort=False)["gain"]
    summary = pd.DataFrame({"gain": found.mean(), "gain_sd": found.std()})
    half = t.ppf(0.975, n_seeds - 1) * summary["gain_sd"] / np.sqrt(n_seeds)
    return table, summary.assign(
        gain_low=summary["gain"] - half, gain_high=summary["gain"] + half
    ).reset_index()


def compare(
    log: np.ndarray, tissue: np.ndarray, sets: Mapping[str, np.ndarray], protocol: Protocol, *, size: int = 0,
    n_null: int = 99, seed: int = 0, umap_seed: int = UMAP_SEED,
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:  # fmt: skip
    """Cluster samples by every set of genes, by all genes (last), and by ``n_null`` random sets of each.

    ``log`` is (sample, gene), ``tissue`` (sample,), a set (member,). Random sets have ``size`` genes, as
    published; 0 matches each set in size and expression. Columns: method, set_size, v and v_sd (over runs),
    null_mean, null_sd, null_low, null_high (95 % of the random sets), v_over_random, v_over_all, v_lead (over
    the better of the paper's other methods), p (one-sided). Also returns the V-measures of the random sets.
    """
    if not sets:
        raise DataError("There is no set of genes to cluster by. Select at least one method.")
    mean, everything = log.mean(axis=0, dtype=np.float64), np.arange(log.shape[1])
    v = v_of_sets(log, tissue, [*sets.values(), everything], protocol, seed, umap_seed)
    nulls, by_sets = {}, {}
    for name, genes in sets.items():
        if size:
            drawn = random_sets(len(mean), min(size, len(mean)), n_null, seed)
        else:
            drawn = matched_sets(mean, genes, n_null, seed=seed)
        # under one fixed size every method has the same null
        key = drawn.tobytes()
        if key not in by_sets:
            by_sets[key] = v_of_sets(log, tissue, drawn, protocol, seed, umap_seed).mean(axis=1)
        nulls[name] = by_sets[key]
    drawn, own = np.array(list(nulls.values())), v[:-1].mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5], axis=1)
    of_null = pd.DataFrame({"null_mean": drawn.mean(axis=1), "null_sd": drawn.std(axis=1)})
    of_null = of_null.assign(null_low=low, null_high=high, v_over_random=own - of_null["null_mean"])
    known = pd.Series(v.mean(axis=1), index=[*sets, ALL])
    table = pd.DataFrame({"method": known.index, "v": known.to_numpy(), "v_sd": v.std(axis=1)})
    table.insert(1, "set_size", [*map(len, sets.values()), len(everything)])
    rivals = known[known.index.isin(RIVALS)]
    lead = known - [rivals.drop(name, errors="ignore").max() for name in known.index]
    lead[known.index.isin(REFERENCES)] = np.nan
    table = table.join(of_null.assign(p=permutation_p(own, drawn.T)))
    return table.assign(v_over_all=table["v"] - known[ALL], v_lead=lead.to_numpy()), nulls


def by_size(
    log: np.ndarray, tissue: np.ndarray, sizes: Sequence[int], numbers: Sequence[int], protocol: Protocol, *,
    n_sets: int = 20, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """V-measure of ``n_sets`` random sets of genes, by the size of the set and the number of clusters.

    ``log`` is (sample, gene), ``tissue`` (sample,); 0 clusters is the number of tissues. Sizes and numbers
    that the data cannot have are left out. Returns clusters, genes, v (mean over sets), low, high (one sd).
    """
    rows = []
    for n in [n for n in sizes if n < log.shape[1]]:
        points = embed(log, random_sets(log.shape[1], n, n_sets, seed), protocol.embed)
        for k in [number or len(np.unique(tissue)) for number in numbers]:
            if k <= len(log):
                v = v_measure(tissue, batched_kmeans(points, k, n_init=protocol.n_init, seed=seed)[0])
                rows.append((k, n, v.mean(), v.mean() - v.std(), v.mean() + v.std()))
    return pd.DataFrame(rows, columns=["clusters", "genes", "v", "low", "high"])


def published_test(
    log: np.ndarray, tissue: np.ndarray, sets: Mapping[str, np.ndarray], protocol: Protocol, *, size: int,
    n_sets: int = 10, seed: int = 0,
) -> tuple[pd.DataFrame, tuple[float, float]]:  # fmt: skip
    """Test every set against a normal null from ``n_sets`` random sets of ``size`` genes.

    ``log`` is (sample, gene), ``tissue`` (sample,). Returns method, v_gauss, z_gauss, p_gauss, and the mean
    and standard deviation of the null. Source: the figure of notebook 4 implies this test.
    """
    random = random_sets(log.shape[1], min(size, log.shape[1]), n_sets, seed)
    mean, sd = gaussian_null(v_of_sets(log, tissue, random, protocol, seed))
    observed = v_of_sets(log, tissue, list(sets.values()), protocol, seed).mean(axis=1)
    z, p = gaussian_test(observed, mean, sd)
    return pd.DataFrame({"method": list(sets), "v_gauss": observed, "z_gauss": z, "p_gauss": p}), (mean, sd)


def permutation_test(
    log: np.ndarray, tissue: np.ndarray, sets: Mapping[str, np.ndarray], protocol: Protocol, *, n_null: int =
    999, seed: int = 0,
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:  # fmt: skip
    """Test every set against ``n_null`` random sets matched in size and expression.

    ``log`` is (sample, gene), ``tissue`` (sample,). Returns method, v_perm, null_mean, null_sd, p_perm,
    q_perm (Benjamini and Hochberg over methods), and the V-measures (set,) of the random sets by method.
    """
    table, nulls = compare(log, tissue, sets, protocol, n_null=n_null, seed=seed)
    table = table[~table["method"].isin(REFERENCES)].rename(columns={"v": "v_perm", "p": "p_perm"})
    table = table[["method", "v_perm", "null_mean", "null_sd", "p_perm"]]
    return table.assign(q_perm=benjamini_hochberg(table["p_perm"])), nulls


def false_positives(
    log: np.ndarray, tissue: np.ndarray, protocol: Protocol, *, n_genes: int, size: int, n_sets: int = 10,
    n_trials: int = 100, seed: int = 0,
) -> np.ndarray:  # fmt: skip
    """Apply the published test to ``n_trials`` random sets of ``n_genes``; return their p values (trial,).

    A valid test has p of at most 0.05 in at most one trial of twenty. Rest as :func:`published_test`.
    """
    n_all = log.shape[1]
    tested = dict(enumerate(random_sets(n_all, min(n_genes, n_all), n_trials, seed + 1)))
    table, _ = published_test(log, tissue, tested, protocol, size=size, n_sets=n_sets, seed=seed)
    return table["p_gauss"].to_numpy()


def matched_false_positives(
    log: np.ndarray, tissue: np.ndarray, protocol: Protocol, genes: np.ndarray, *,
    n_null: int = 39, n_trials: int = 100, seed: int = 0,
) -> np.ndarray:  # fmt: skip
    """Apply the permutation test to ``n_trials`` random sets; return their p values (trial,).

    The sets are matched to ``genes`` (member,) in size and expression, and each has a null of ``n_null`` sets
    matched to itself; with 39 a p of exactly 0.05 is possible.
    """
    mean = log.mean(axis=0, dtype=np.float64)
    tested = matched_sets(mean, genes, n_trials, seed=seed + 1)
    nulls = [matched_sets(mean, one, n_null, seed=seed + 2 + i) for i, one in enumerate(tested)]
    v = v_of_sets(log, tissue, np.concatenate([tested, *nulls]), protocol, seed).mean(axis=1)
    return np.asarray(permutation_p(v[:n_trials], v[n_trials:].reshape(n_trials, n_null).T))
