"""Race the rank of the first target: counting what is nearer, against sorting every neighbour as published.

Signatures of one drug against as many knock-downs as the paper has, in 100 latent means; the arrays are
random, for neither way depends on what is in them. Ranks must be equal.
Run: python benchmarks/target_ranks.py [--small]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from time import process_time

import numpy as np
from reread.lincs.methods.retrieval import first_target_rank
from sklearn.neighbors import NearestNeighbors

N_LATENT, PER_GENE = 100, 27


def by_sorting(query: np.ndarray, reference: np.ndarray, is_target: np.ndarray) -> np.ndarray:
    """As published: all neighbours of each signature, sorted, and a walk to the first target."""
    near = NearestNeighbors(n_neighbors=len(reference), metric="correlation").fit(reference)
    order = near.kneighbors(query, return_distance=False)
    targets = set(np.flatnonzero(is_target).tolist())
    return np.array([next(rank for rank, row in enumerate(line, 1) if row in targets) for line in order])


def raced(rank: Callable, *inputs: np.ndarray, repeats: int) -> tuple[float, np.ndarray]:
    """Least CPU seconds of some repeats, and the ranks."""
    spent = []
    for _ in range(repeats):
        start = process_time()
        ranks = rank(*inputs)
        spent.append(process_time() - start)
    return min(spent), ranks


def race(n_signatures: int, n_knockdowns: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    query, reference = (rng.normal(size=(n, N_LATENT)) for n in (n_signatures, n_knockdowns))
    is_target = np.arange(n_knockdowns) < PER_GENE
    slow, theirs = raced(by_sorting, query, reference, is_target, repeats=2)
    fast, ours = raced(first_target_rank, query, reference, is_target, repeats=5)
    assert (ours == theirs).all()
    print(f"{n_signatures} signatures x {n_knockdowns:,} knock-downs, ranks equal; CPU s")
    print(f"  sorted   {slow:8.3f}\n  counted  {fast:8.3f}\n  ratio    {slow / fast:8.1f}")
    return {"ratio": slow / fast}


def main() -> dict[str, dict[str, float]]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the knock-downs")
    sizes = (42, 11_678) if parser.parse_args().small else (42, 116_782)
    return {"first target": race(*sizes)}


if __name__ == "__main__":
    main()
