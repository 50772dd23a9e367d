"""Compare training of the corrected and the published network: CPU time and AUROC of one fold.

The published network is our implementation, with the losses of the authors' script (see published_epoch.py).
Run: python benchmarks/corrected_vs_published.py [--small]
"""

from __future__ import annotations

import argparse
from time import process_time

from reread.core.metrics import auroc
from reread.networks.data import load as data
from reread.networks.data.splits import split_pairs
from reread.networks.models.cross_validate import cross_validate


def run(kind: str, dataset, epochs: int) -> dict[str, float]:
    fold = split_pairs(dataset.pairs, "pair")[0]
    start = process_time()
    trained = cross_validate(kind, dataset, [fold], epochs=epochs, device="cpu")
    spent = process_time() - start
    reached = auroc(dataset.pairs.label[fold.test], trained.scores[fold.test])
    return {"epochs": epochs, "cpu_s": spent, "cpu_s_an_epoch": spent / epochs, "auroc": reached}


def main() -> dict[str, dict[str, float]]:
    import torch

    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="two epochs on simulated cells")
    small = parser.parse_args().small
    dataset = data.load("simulated" if small else "mhsc-e")
    run("corrected", dataset, 1)  # warm up: torch imports much on first use
    measured = {
        "published": run("published", dataset, 2 if small else 120),
        "corrected": run("corrected", dataset, 60),
    }
    print(f"{'':10s} {'epochs':>7s} {'CPU s':>8s} {'an epoch':>9s} {'AUROC':>6s}")
    for kind, row in measured.items():
        times = f"{row['cpu_s']:8.1f} {row['cpu_s_an_epoch']:9.3f}"
        print(f"{kind:10s} {row['epochs']:7d} {times} {row['auroc']:6.3f}")
    for key in ("cpu_s", "cpu_s_an_epoch"):
        print(f"ratio of {key}: {measured['published'][key] / measured['corrected'][key]:.0f}")
    return measured


if __name__ == "__main__":
    main()
