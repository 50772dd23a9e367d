"""Race one pass of the published loops, signature by signature, against ours, from equal weights and draws.

Run: python benchmarks/lincs_training.py [--small] [--device cuda]
"""

from __future__ import annotations

import argparse
from time import perf_counter, process_time

import numpy as np

VAE = {"hidden": 1000, "latent": 100, "batch": 512}
SVQVAE = {"n_codes": 75, "dim": 1000, "batch": 256}
MOST_APART = 1e-3
SMALL = ({"hidden": 64, "latent": 16, "batch": 64}, {"n_codes": 12, "dim": 32, "batch": 64})


def race(kind: str, settings: dict, values, label, device: str, repeats: int) -> dict[str, float]:
    """Seconds of a pass, plain and ours, best of ``repeats`` taken in turns; then whether they agree."""
    plain, fast = recipes(kind, settings, values, label, device)
    took = {"plain": [], "ours": []}
    for _ in range(repeats):
        took["plain"].append(timed(plain.train_epoch, device))
        took["ours"].append(timed(fast.run_epoch, device))
    plain_s, fast_s = (min(seconds) for seconds in took.values())
    apart = max(abs(a - b).max() for a, b in zip(weights(plain), weights(fast), strict=True))
    # equal sums in another order: Adam turns the last bits of a gradient near 0 into part of a step
    assert apart <= MOST_APART, f"{kind}: weights differ by {apart:.2g}, more than {MOST_APART:g}"
    return {
        "signatures a second, plain": len(values) / plain_s,
        "signatures a second, ours": len(values) / fast_s,
        "ratio": plain_s / fast_s,
        "lowest and highest ratio": (
            min(a / b for a, b in zip(took["plain"], took["ours"], strict=True)),
            max(a / b for a, b in zip(took["plain"], took["ours"], strict=True)),
        ),
        "largest difference of a weight": float(apart),
    }


def recipes(kind: str, settings: dict, values, label, device: str):
    """Two trainings of one network on all rows, with equal weights and an equal stream of random numbers."""
    from oracles.lincs_reference_loops import PlainSvqvae, PlainVae
    from reread.lincs.models.svqvae import Svqvae, dense
    from reread.lincs.models.vae import VaeTraining

    rows, none = np.arange(len(values)), np.arange(0)
    if kind == "VAE":
        plain = PlainVae(values, rows, **settings, device=device)
        return plain, VaeTraining(values, rows, none, **settings, device=device)
    n, dim, batch = settings["n_codes"], settings["dim"], settings["batch"]
    plain = PlainSvqvae(values, label, rows, **settings, device=device)
    make = lambda: dense(values.shape[1], n, dim)  # noqa: E731 (what a recipe takes)
    return plain, Svqvae(make, values, label, rows, none, batch=batch, device=device)


def timed(function, device: str) -> float:
    """CPU seconds on a CPU, whose wall clock others share; wall seconds on a GPU."""
    import torch

    clock = perf_counter if device == "cuda" else process_time
    start = clock()
    function()
    if device == "cuda":
        torch.cuda.synchronize()
    return clock() - start


def weights(recipe) -> list[np.ndarray]:
    return [part.detach().cpu().numpy() for part in recipe.network.parameters()]


def main() -> dict[str, dict]:
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="small networks on few signatures")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--signatures", type=int, default=8192)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    n, n_genes = (512, 100) if options.small else (options.signatures, 978)
    vae, svqvae = SMALL if options.small else (VAE, SVQVAE)
    values = np.clip(1.7 * rng.standard_normal((n, n_genes)), -10, 10).astype(np.float32)
    label = rng.integers(0, svqvae["n_codes"], n)
    race("VAE", SMALL[0], values[:128], label[:128] % 12, options.device, 1)  # warm up
    measured = {}
    for kind, settings in (("VAE", vae), ("S-VQ-VAE", svqvae)):
        measured[kind] = race(kind, settings, values, label, options.device, options.repeats)
        print(f"{kind}, {n} signatures of {n_genes} genes, {options.device}, one thread")
        for name, value in measured[kind].items():
            shown = " to ".join(f"{one:.4g}" for one in np.atleast_1d(value))
            print(f"  {name:32s} {shown}")
    return measured


if __name__ == "__main__":
    main()
