"""Compare the features of all pairs: looked up from one gene matrix, and by the published loop.

Both start from the same correlation matrix, which is timed separately.
Run: python benchmarks/features.py [--small]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from time import process_time

import numpy as np
from reread.networks.data import load as data
from reread.networks.data.features import gene_features
from reread.networks.data.tables import Pairs
from reread.networks.methods.benchmark import GeneFeatures, correlation_rows
from reread.networks.methods.full_grid import full_grid


def pair_by_pair(rows: np.ndarray, pairs: Pairs) -> np.ndarray:
    """As the published scripts do: a list for every pair, then one array."""
    return np.array(
        [list(rows[tf]) + list(rows[gene]) for tf, gene in zip(pairs.tf, pairs.gene, strict=True)]
    )


def raced(make: Callable, *inputs, repeats: int) -> tuple[float, np.ndarray]:
    """Least CPU seconds of some repeats, and what was made."""
    spent = []
    for _ in range(repeats):
        start = process_time()
        made = make(*inputs)
        spent.append(process_time() - start)
    return min(spent), made


def race(dataset, repeats: int) -> dict[str, float]:
    shared, rows = raced(gene_features, dataset.expression.values, repeats=9)
    slow, theirs = raced(pair_by_pair, rows.astype(float), dataset.pairs, repeats=repeats)
    fast, ours = raced(
        correlation_rows, GeneFeatures(rows, rows), dataset.pairs.tf, dataset.pairs.gene, repeats=9
    )
    assert (ours == theirs).all()
    print(f"{len(ours)} pairs x {ours.shape[1]} features, equal; CPU ms")
    print(f"  correlation of genes, both {shared * 1e3:8.1f}")
    print(f"  pairs, one by one          {slow * 1e3:8.1f}   {theirs.nbytes / 1e6:6.1f} MB")
    print(f"  pairs, looked up           {fast * 1e3:8.1f}   {ours.nbytes / 1e6:6.1f} MB")
    print(f"  ratio of pairs {slow / fast:.0f}, of the whole {(shared + slow) / (shared + fast):.0f}")
    return {"pairs_ratio": slow / fast, "whole_ratio": (shared + slow) / (shared + fast)}


def main() -> dict[str, dict[str, float]]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="simulated cells in place of mHSC-E")
    dataset = data.load("simulated" if parser.parse_args().small else "mhsc-e")
    whole = replace(dataset, pairs=full_grid(dataset))
    return {"pair list": race(dataset, 5), "full grid": race(whole, 1)}


if __name__ == "__main__":
    main()
