"""Compare GENIE3 with few and with 1,000 trees and LightGBM gains: CPU time a target, AUPRC of the edges.

Run: python benchmarks/genie3.py [--small]
"""

from __future__ import annotations

import argparse
from functools import partial
from time import process_time

import numpy as np
from reread.core.metrics import average_precision_ratio
from reread.networks.data import load
from reread.networks.methods import infer
from reread.networks.methods.full_grid import full_grid
from reread.networks.methods.infer import (
    Engine,
    explain_target,
    lightgbm,
    random_forest,
    stochastic_boosting,
)

ENGINES = {
    "lightgbm": lightgbm,
    "grnboost2": stochastic_boosting,
    "genie3, 100": partial(random_forest, n_trees=100),
    "genie3, 1000": partial(random_forest, n_trees=1000),
}


def measured(dataset, targets: np.ndarray, engine: Engine) -> dict[str, float]:
    names = dataset.expression.genes
    weights = np.zeros((len(dataset.tfs), len(names)))
    start = process_time()
    for gene in targets:
        seed = infer.seed_of(names[gene], 0)
        weights[:, gene] = explain_target(dataset.expression.values, dataset.tfs, gene, seed, engine)
    spent = process_time() - start
    pairs = full_grid(dataset)
    pairs = pairs.take(np.isin(pairs.gene, targets))
    found = infer.weights_at(weights, dataset.tfs, pairs.tf, pairs.gene)
    ratio = average_precision_ratio(pairs.label, found)
    return {"cpu_s_a_target": spent / len(targets), "auprc_ratio": ratio}


def main() -> dict[str, dict[str, float]]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="10 targets of simulated cells")
    parser.add_argument("--n-targets", type=int, default=354, help="targets of mHSC-E, all by default")
    asked = parser.parse_args()
    dataset = load.load("simulated" if asked.small else "mhsc-e")
    n_targets = min(10 if asked.small else asked.n_targets, len(dataset.expression.genes))
    targets = np.sort(np.random.default_rng(0).permutation(len(dataset.expression.genes))[:n_targets])
    rows = {name: measured(dataset, targets, engine) for name, engine in ENGINES.items()}
    print(f"{len(targets)} targets, {len(dataset.tfs)} TFs, {len(dataset.expression.values)} cells")
    print(f"{'':12s} {'CPU s a target':>15s} {'AUPRC / density':>16s}")
    for name, row in rows.items():
        print(f"{name:12s} {row['cpu_s_a_target']:15.3f} {row['auprc_ratio']:16.2f}")
    return rows


if __name__ == "__main__":
    main()
