"""Compare predicting haplotypes as stock enformer-pytorch does with computing each distinct stretch once.

FLOPs are counted at the published size (196,608 bases) without computing anything. CPU time is of a small
size, or with ``--full`` of 196,608 bases in narrower networks, whose attention has the share of FLOPs that it
has in the published one. The stock way runs every haplotype whole, with all bins and tracks.
Measured once on one core with ``--full --source phased-chr20``: haplotypes of Europeans take 1.94 (20) and
3.17 times (100) less FLOPs in the published network. At 196,608 bases they take 2.81 times less CPU time (20,
width 192: 51.1 against 18.2 s) and 3.20 times less (100, width 96: 85.8 against 26.8 s). Simulated people
have a variant every 130 bases, so that few stretches are equal: 1.11 times less FLOPs for 20 haplotypes, and
1.05 times more CPU time (width 384, one stretch at a time: 139.9 against 133.4 s). Part of the gain of
the other races comes from eight stretches in a batch, which takes 0.55 times the time of one after another.
Run: python benchmarks/chunks.py [--small] [--full] [--source phased-chr20]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
from reread.genomes.data.haplotypes import haplotypes
from reread.genomes.data.load import load_locus
from reread.genomes.methods.personal_sequence import substitutions
from reread.genomes.models import enformer
from reread.genomes.models.predict import convolve_once, predict

WINDOW, TRACKS = 196_608, (4805,)
MICE = 1_643  # tracks of the second head, which stock computes too
N_HAPLOTYPES = (20, 100)
SIZE = enformer.Architecture(
    dim=384, depth=2, heads=8, key_dim=64, divisible_by=32, n_tracks=100, tf_gamma=False
)
NARROW = replace(SIZE, dim=192, heads=4)
FULL = {20: NARROW, 100: replace(NARROW, dim=96, depth=1, divisible_by=16)}  # four CPU minutes in all


def sequences(n: int, window: int, source: str) -> np.ndarray:
    """Haplotypes (haplotype, base) of one place with substitutions only: insertions shift what follows."""
    locus = load_locus(source, window=window, n_people=-(-n // 2))
    found = substitutions(locus.variants)
    made = haplotypes(locus.reference, found, locus.tss, window, unphased="file", indels=False)
    return made.rows[:n]


def flops(run: Callable[[], object]) -> float:
    """Floating-point operations of matrix products and convolutions, as torch counts them."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        run()
    return float(counter.get_total_flops())


def count(n: int, source: str) -> dict[str, float]:
    """FLOPs of the published network on ``n`` haplotypes, both ways; no number is computed."""
    import torch

    with torch.device("meta"):
        network = enformer.Enformer(enformer.Architecture()).eval()
        both_heads = enformer.Enformer(enformer.Architecture(n_tracks=5_313 + MICE)).eval()
    unique = np.unique(sequences(n, WINDOW, source), axis=0)
    whole = torch.empty(1, WINDOW, 4, device="meta")
    stock = n * flops(lambda: both_heads(whole))
    bins = slice(WINDOW // 256 - 1, WINDOW // 256 + 1)
    convolved = torch.empty(1, 1_536, WINDOW // 128, device="meta")
    once = flops(lambda: convolve_once(network, unique))
    attended = len(unique) * flops(lambda: network.attend(convolved, bins, np.array(TRACKS)))
    plain = len(unique) * flops(lambda: network.convolve(whole.transpose(1, 2)))
    return {"stock": stock, "ours": once + attended, "convolutions whole": plain, "convolutions once": once}


def timed(run: Callable[[], object], repeats: int = 2) -> tuple[float, object]:
    """CPU seconds, the best of ``repeats``, and the result."""
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        made = run()
        spent.append(time.process_time() - start)
    return min(spent), made


def stock_network(ours: enformer.Enformer):
    """The network of the package with the same weights where it is installed, else ours run whole."""
    import torch

    if find_spec("enformer_pytorch") is None:
        return (lambda x: ours(x)), "our network run whole (enformer-pytorch is not installed)"
    from enformer_pytorch.modeling_enformer import Enformer

    size = ours.size
    theirs = Enformer.from_hparams(
        dim=size.dim, depth=size.depth, heads=size.heads, attn_dim_key=size.key_dim, target_length=-1,
        dim_divisible_by=size.divisible_by, output_heads={"human": size.n_tracks},
    ).eval()  # fmt: skip
    theirs.load_state_dict(ours.state_dict(), strict=False)  # it names the same layers a second time
    torch.set_grad_enabled(False)
    return (lambda x: theirs(x)["human"]), "enformer-pytorch"


def race(
    n: int, window: int, size: enformer.Architecture, source: str, repeats: int = 2
) -> dict[str, float | str]:
    """CPU seconds of both ways at a small size, whose predictions agree."""
    import torch

    torch.manual_seed(0)
    network = enformer.Enformer(size).eval()
    for block in network.transformer:  # zeros at the start, which would hide the attention
        torch.nn.init.normal_(block[0].fn[1].to_out.weight, std=0.05)
    bases = sequences(n, window, source)
    stock, name = stock_network(network)
    middle = window // 256
    tracks = (min(TRACKS[0], size.n_tracks - 1),)

    def whole() -> np.ndarray:
        with torch.no_grad():
            rows = [
                stock(enformer.one_hot(one[None], network.device).transpose(1, 2)).numpy() for one in bases
            ]
        return np.concatenate(rows)[:, middle - 1 : middle + 1][..., list(tracks)]

    plain_s, plain = timed(whole, repeats)
    fast_s, fast = timed(
        lambda: predict(network, bases, bins=(middle - 1, middle + 1), tracks=tracks, reverse=False), repeats
    )
    np.testing.assert_allclose(fast, plain, rtol=1e-4, atol=1e-6)
    return {"stock_s": plain_s, "ours_s": fast_s, "ratio": plain_s / fast_s, "stock": name}


def main() -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a small network in the race of CPU time")
    parser.add_argument("--source", choices=["simulated", "phased-chr20"], default="simulated")
    parser.add_argument("--full", action="store_true", help="196,608 bases in the race of CPU time, once")
    given = parser.parse_args()
    size, window = (replace(SIZE, dim=192, depth=1, heads=4), 16_384) if given.small else (SIZE, 32_768)
    ratios = {}
    for n in N_HAPLOTYPES:
        if given.full:
            size, window = FULL[n], WINDOW
        found = count(n, given.source)
        timing = race(n, window, size, given.source, 1 if given.full else 2)
        ratios[f"FLOPs, {n} haplotypes"] = found["stock"] / found["ours"]
        ratios[f"FLOPs of the convolutions, {n} haplotypes"] = (
            found["convolutions whole"] / found["convolutions once"]
        )
        ratios[f"CPU time, {n} haplotypes"] = timing["ratio"]
        print(f"{n} haplotypes, {given.source}")
        print(f"  FLOPs at {WINDOW:,} bases: stock {found['stock']:.3g}, ours {found['ours']:.3g}")
        spent = f"{timing['stock']} {timing['stock_s']:.1f} s, ours {timing['ours_s']:.1f} s"
        print(f"  CPU time at {window:,} bases, width {size.dim}: {spent}")
    for what, ratio in ratios.items():
        print(f"  {what}: {ratio:.2f}x")
    return ratios


if __name__ == "__main__":
    main()
