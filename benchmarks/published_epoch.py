"""Compare one epoch of the reference training loop with ours, from equal weights and random numbers.

Run: python benchmarks/published_epoch.py [--small]
"""

from __future__ import annotations

import argparse
from time import process_time

import numpy as np
from reread.networks.data import load as data
from reread.networks.data.splits import split_pairs
from reread.networks.models.cross_validate import prepare


def race(source: str, latent: int, n_steps: int | None) -> dict[str, float]:
    import torch
    from oracles.deeptgi_reference_loop import PlainPublished
    from reread.networks.models.deeptgi import Published

    torch.set_num_threads(1)
    dataset = data.load(source)
    fold = split_pairs(dataset.pairs, "pair")[0]
    features = prepare("published", dataset)["features"]
    task = (features, dataset.pairs, fold.train, fold.test)
    plain, fast = PlainPublished(*task, latent=latent), Published(*task, latent=latent, device="cpu")
    plain_s, plain_losses = timed(plain.train_epoch, n_steps)
    fast_s, fast_losses = timed(fast.train_epoch, n_steps)
    weights = [torch.cat([p.detach().flatten() for p in r.network.parameters()]) for r in (plain, fast)]
    return {
        "steps": len(plain_losses),
        "plain, CPU s": plain_s,
        "ours, CPU s": fast_s,
        "ratio": plain_s / fast_s,
        "largest difference of a loss": float(np.abs(np.subtract(plain_losses, fast_losses)).max()),
        "largest difference of a weight": float((weights[0] - weights[1]).abs().max()),
    }


def timed(function, *arguments):
    start = process_time()
    result = function(*arguments)
    return process_time() - start, result


def main() -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="ten steps on simulated cells")
    small = parser.parse_args().small
    race("simulated", 50, 2)  # warm up: the first step of torch imports a compiler
    measured = race("simulated", 200, 10) if small else race("mhsc-e", 1000, None)
    for name, value in measured.items():
        print(f"{name:32s} {value:.4g}")
    return measured


if __name__ == "__main__":
    main()
