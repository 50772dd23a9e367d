"""Race GENIE3 on LightGBM against a forest of 1,000 trees: CPU time a target, and AUPRC of the edges found.

Run: python benchmarks/genie3.py [--small]
"""

from __future__ import annotations

import argparse
from functools import partial
from time import process_time

import numpy as np
from reread.core.score import average_precision_ratio
from reread.networks.data import load as data
from reread.networks.methods import infer
from reread.networks.methods import tree_importance
from reread.networks.methods.full_grid import full_grid

N_TREES = 1000


def raced(dataset, targets: np.ndarray, engine: str) -> dict[str, float]:
    names = dataset.expression.genes
    start = process_time()
    columns = [
        tree_importance.explain_target(
            dataset.expression.values, dataset.tfs, gene, infer.seed_of(names[gene], 0), engine
        )
        for gene in targets
    ]
    spent = process_time() - start
    weights = np.zeros((len(dataset.tfs), len(names)))
    weights[:, targets] = np.array(columns).T
    pairs = full_grid(dataset)
    pairs = pairs.take(np.isin(pairs.gene, targets))
    found = infer.weights_at(weights, dataset.tfs, pairs.tf, pairs.gene)
    return {
        "cpu_s_a_target": spent / len(targets),
        "auprc_ratio": average_precision_ratio(pairs.label, found),
    }


def main() -> dict[str, dict[str, float]]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="40 targets of simulated cells")
    parser.add_argument("--n-targets", type=int, default=354, help="targets of mHSC-E, all by default")
    asked = parser.parse_args()
    dataset = data.load("simulated" if asked.small else "mhsc-e")
    n_targets = min(40 if asked.small else asked.n_targets, len(dataset.expression.genes))
    targets = np.sort(np.random.default_rng(0).permutation(len(dataset.expression.genes))[:n_targets])
    tree_importance.ENGINES["1,000 trees"] = partial(tree_importance.random_forest, n_trees=N_TREES)
    engines = ("lightgbm", "extra-trees", "1,000 trees")
    measured = {engine: raced(dataset, targets, engine) for engine in engines}
    print(f"{len(targets)} targets, {len(dataset.tfs)} TFs, {len(dataset.expression.values)} cells")
    print(f"{'':12s} {'CPU s a target':>15s} {'AUPRC / density':>16s}")
    for engine, row in measured.items():
        print(f"{engine:12s} {row['cpu_s_a_target']:15.3f} {row['auprc_ratio']:16.2f}")
    slow, fast = (measured[engine]["cpu_s_a_target"] for engine in ("1,000 trees", "lightgbm"))
    print(f"ratio: {slow / fast:.0f}")
    return measured


if __name__ == "__main__":
    main()
