"""Compare CPU time of rank value encoding with the published loop over dense cells, and memory of a file.

The cells have 20,000 genes, of which a tenth is detected, as in single-nucleus data. Then files with 2,048
and 8,192 cells are encoded in blocks, each in its own process, and the peaks of memory compared (Linux).

Run: OMP_NUM_THREADS=1 python benchmarks/encoding.py [--small]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
from oracles.geneformer_encoding import tokenise
from reread.depression.data import load, readers, vocabulary
from reread.depression.data.counts import Counts
from reread.depression.data.rank_values import encode
from scipy.sparse import random as sparse_random

N_DETECTED = 0.1
MAX_LEN = {False: 2048, True: 4096}


def cells_of(n_cells: int, n_genes: int, seed: int = 0) -> Counts:
    """Random counts (cell, gene) with many ties, as real ones have."""
    rng = np.random.default_rng(seed)
    drawn = sparse_random(n_cells, n_genes, N_DETECTED, "csr", rng=rng)
    drawn.data = np.ceil(rng.lognormal(0.3, 0.9, drawn.nnz))
    matrix = drawn.astype(np.int32)
    genes = np.array([f"ENSG{i:011d}" for i in range(n_genes)])
    table = {
        "donor": "D1",
        "condition": np.arange(n_cells) % 2,
        "n_counts": np.asarray(matrix.sum(axis=1)).ravel(),
    }
    return Counts(matrix, genes, pd.DataFrame(table))


def race(counts: Counts, *, special: bool) -> tuple[float, float, int]:
    """CPU time of the loop and of ours, and the number of cells with another sequence."""
    words = vocabulary.from_counts(counts, special=special)
    start = process_time()
    ours = encode(counts, words, MAX_LEN[special])
    fast = process_time() - start
    dense, genes = counts.matrix.T.toarray(), counts.genes.tolist()
    start = process_time()
    theirs = tokenise(
        dense, counts.cells["n_counts"].to_numpy(), genes, words.tokens, words.medians, MAX_LEN[special]
    )
    slow = process_time() - start
    return slow, fast, sum(not np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def write_loom(path: Path, counts: Counts) -> None:
    """Write a loom file with what the reader needs."""
    import h5py

    with h5py.File(path, "w") as file:
        shape = (len(counts.genes), len(counts))
        matrix = file.create_dataset("matrix", shape, np.int32, chunks=(64, 64), compression="gzip")
        for start in range(0, len(counts), 1024):
            matrix[:, start : start + 1024] = counts.matrix[start : start + 1024].toarray().T
        text = h5py.string_dtype()
        file.create_dataset("row_attrs/ensembl_id", data=counts.genes.astype(object), dtype=text)
        file.create_dataset("col_attrs/donor", data=np.array(["D1"] * len(counts), object), dtype=text)
        names = np.where(counts.cells["condition"] == 1, "case", "control").astype(object)
        file.create_dataset("col_attrs/condition", data=names, dtype=text)


def peak_mb(folder: Path, n_cells: int, n_genes: int) -> float:
    """Peak memory of a fresh process that encodes a file of so many cells."""
    path = folder / f"{n_cells}.loom"
    write_loom(path, cells_of(n_cells, n_genes))
    done = subprocess.run(
        [sys.executable, __file__, "--file", path], capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def encode_one(path: Path) -> None:
    """Encode one file and print the peak of memory in MB."""
    import h5py

    with h5py.File(path, "r") as file:
        genes = [one.decode() for one in file["row_attrs/ensembl_id"][()]]
    words = vocabulary.Vocabulary({gene: i + 2 for i, gene in enumerate(genes)}, dict.fromkeys(genes, 1.0))
    load.encode_file(path, path.with_suffix(".encoded"), readers.Keys(), words, 2048)
    # getrusage would count the process that started this one
    status = Path("/proc/self/status").read_text(encoding="utf-8").split()
    print(int(status[status.index("VmHWM:") + 1]) / 1024)


def main() -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="fewer cells and genes")
    parser.add_argument("--file", type=Path, help="encode this file only")
    asked = parser.parse_args()
    if asked.file:
        encode_one(asked.file)
        return {}
    n_cells, n_genes = (300, 4_000) if asked.small else (2_000, 20_000)
    counts, found = cells_of(n_cells, n_genes), {}
    for name, special in (("V1", False), ("V2", True)):
        slow, fast, differ = race(counts, special=special)
        print(
            f"{name}: {n_cells} cells, loop {slow:.2f} s, ours {fast:.2f} s, ratio {slow / fast:.1f}; "
            f"{differ} sequences differ"
        )
        found |= {f"ratio_{name.lower()}": slow / fast, f"differ_{name.lower()}": differ}
    sizes = (1_024, 2_048) if asked.small else (2_048, 8_192)
    with tempfile.TemporaryDirectory() as folder:
        peaks = [peak_mb(Path(folder), size, n_genes // 4) for size in sizes]
    print(f"peak memory of {sizes[0]} and {sizes[1]} cells in blocks: {peaks[0]:.0f} and {peaks[1]:.0f} MB")
    return found | {"peak_ratio": peaks[1] / peaks[0]}


if __name__ == "__main__":
    main()
