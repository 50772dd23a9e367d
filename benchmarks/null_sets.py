"""Compare CPU time of the V-measure of 100 random gene sets: batched, and by a loop over scikit-learn.

Both start from the same coordinates of the same samples; the embedding is timed separately.
Run: OMP_NUM_THREADS=1 python benchmarks/null_sets.py [--small]
"""

from __future__ import annotations

import argparse
from time import process_time

import numpy as np
from reread.maize.data import load as data
from reread.maize.data.image import log_plus_one
from reread.maize.methods.clustering import embed_sets
from reread.maize.methods.gene_sets import random_sets
from reread.maize.methods.kmeans import batched_kmeans, v_measure
from sklearn.cluster import KMeans
from sklearn.metrics import v_measure_score

N_SETS, N_REPEATS = 100, 5


def one_by_one(points: np.ndarray, tissue: np.ndarray, k: int, n_init: int) -> np.ndarray:
    """As the notebooks, without their errors: fit and compare one set after the other."""
    labels = [KMeans(k, n_init=n_init, random_state=i).fit(one).labels_ for i, one in enumerate(points)]
    return np.array([v_measure_score(tissue, one) for one in labels])


def all_at_once(points: np.ndarray, tissue: np.ndarray, k: int, n_init: int) -> np.ndarray:
    return v_measure(tissue, batched_kmeans(points, k, n_init=n_init)[0])


def timed(way, *inputs) -> tuple[float, np.ndarray]:
    start = process_time()
    made = way(*inputs)
    return process_time() - start, made


def race(points: np.ndarray, tissue: np.ndarray, k: int, n_init: int) -> dict[str, float]:
    slow, theirs = timed(one_by_one, points, tissue, k, n_init)
    runs = [timed(all_at_once, points, tissue, k, n_init) for _ in range(N_REPEATS)]
    fast, ours = np.median([spent for spent, _ in runs]), runs[0][1]
    print(
        f"k={k:3d} starts={n_init:3d}  loop {slow:7.2f} s, V {theirs.mean():.4f}   "
        f"batched {fast:6.3f} s, V {ours.mean():.4f}   ratio {slow / fast:5.1f}"
    )
    return {"ratio": slow / fast, "v_difference": float(abs(theirs.mean() - ours.mean()))}


def main() -> dict[str, dict[str, float]]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="simulated samples in place of Walley 2016")
    samples = data.load("simulated" if parser.parse_args().small else "walley-2016")
    log, n_genes = log_plus_one(samples.values), len(samples.genes)
    sets = random_sets(n_genes, min(2423, n_genes // 2), N_SETS)
    placing, points = timed(embed_sets, log, sets, 10)
    print(f"{len(log)} samples, {N_SETS} sets of {sets.shape[1]} genes; CPU time; embedding {placing:.2f} s")
    all_at_once(points[:2], samples.tissue, 3, 1)
    one_by_one(points[:2], samples.tissue, 3, 1)
    cases = ((samples.n_tissues, 10), (29, 10), (samples.n_tissues, 100))
    return {f"k={k}, {n} starts": race(points, samples.tissue, k, n) for k, n in cases}


if __name__ == "__main__":
    main()
