"""Compare CPU time of tau of all genes at once with a loop over genes.

Run: OMP_NUM_THREADS=1 python benchmarks/tau.py [--small]
"""

from __future__ import annotations

import argparse
from time import process_time

import numpy as np
from reread.maize.data import load as data
from reread.maize.data.image import log_plus_one
from reread.maize.methods.tissue_specificity import tau, tissue_moments

N_REPEATS = 200


def gene_by_gene(mean: np.ndarray) -> np.ndarray:
    """The definition, one gene at a time."""
    found = np.zeros(mean.shape[1])
    for gene, profile in enumerate(mean.T):
        top = profile.max()
        if top > 0:
            found[gene] = (1 - profile / top).sum() / (len(profile) - 1)
    return found


def main() -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="simulated samples in place of Walley 2016")
    samples = data.load("simulated" if parser.parse_args().small else "walley-2016")
    mean = tissue_moments(log_plus_one(samples.values), samples.tissue, samples.n_tissues)[0]
    start = process_time()
    slow = gene_by_gene(mean)
    loop = process_time() - start
    start = process_time()
    for _ in range(N_REPEATS):
        fast = tau(mean)
    batched = (process_time() - start) / N_REPEATS
    difference = float(np.abs(slow - fast).max())
    print(f"{mean.shape[1]} genes x {mean.shape[0]} tissues; CPU time")
    print(f"loop {loop * 1e3:.1f} ms, all at once {batched * 1e3:.3f} ms, ratio {loop / batched:.0f}")
    print(f"largest difference {difference:.1e}")
    return {"ratio": loop / batched, "difference": difference}


if __name__ == "__main__":
    main()
