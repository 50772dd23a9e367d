"""Race readers of a GCTX for the landmark genes of some signatures: ours, and cmapPy.

Each contender is a process of its own: CPU seconds of the read, and how far the peak of memory rises above
what was resident before (Linux only), the result included. All resolve ids themselves, and all must give the
same numbers in the order asked for: a digest of their bytes is compared.
Run: python benchmarks/gctx.py [--small]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from time import process_time

import numpy as np
from oracles.gctx_writer import write
from reread.lincs.io import gctx

LARGE, SMALL = (12_000, 12_328, 8_600), (1_500, 3_000, 1_000)
N_LANDMARKS = 978


def make(folder: Path, n_signatures: int, n_genes: int, n_wanted: int, chunk: int) -> dict:
    """Write a file of noise, and choose landmarks and signatures in no order."""
    rng = np.random.default_rng(0)
    genes, signatures = [f"{i}" for i in range(n_genes)], [f"SIG:{i:07d}" for i in range(n_signatures)]
    path = folder / f"chunks-of-{chunk}.gctx"
    values = rng.standard_normal((n_signatures, n_genes), dtype=np.float32)
    write(path, values, genes, signatures, chunk=chunk)
    rows = [genes[i] for i in rng.permutation(n_genes)[:N_LANDMARKS]]
    columns = [signatures[i] for i in np.sort(rng.permutation(n_signatures)[:n_wanted])]
    task = folder / f"chunks-of-{chunk}.json"
    task.write_text(json.dumps({"path": str(path), "rows": rows, "columns": columns}))
    return {"task": task, "mb": path.stat().st_size / 1e6}


def memory(field: str) -> int:
    """Kilobytes of this process: ``VmRSS``, what is resident now, or ``VmHWM``, the most since the reset."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0])


def at_rest() -> int:
    """Let the kernel forget the peak of the imports, and give what is resident now."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def contend(name: str, task: Path) -> dict[str, float]:
    """In a fresh process: read, and say what it took."""
    asked = json.loads(task.read_text())
    path, rows, columns = Path(asked["path"]), asked["rows"], asked["columns"]
    if name.startswith("cmapPy"):
        import_module("cmapPy.pandasGEXpress.parse_gctx")
    else:
        gctx.need("h5py", "lincs")
    before, start = at_rest(), process_time()
    found = READ[name](path, rows, columns, task.with_suffix(".f32"))
    spent, peak = process_time() - start, memory("VmHWM")
    told = sha256(np.ascontiguousarray(found, dtype="<f4").tobytes()).hexdigest()
    return {"cpu_s": spent, "peak_mb": (peak - before) / 1024, "digest": told}


def to_disk(path: Path, rows: list[str], columns: list[str], out: Path) -> np.ndarray:
    """Extract the landmarks of every signature once, then look the wanted ones up."""
    found, ids = gctx.landmark_memmap(path, out, rows)
    place = {one: i for i, one in enumerate(ids)}
    return found[[place[one] for one in columns]]


def by_cmappy(*axes: str):
    """Read with cmapPy, naming these axes, and bring what came into the order asked for: it is not kept."""

    def read(path: Path, rows: list[str], columns: list[str], _: Path) -> np.ndarray:
        from cmapPy.pandasGEXpress.parse_gctx import parse

        named = {"rid": rows, "cid": columns}
        frame = parse(str(path), **{axis: named[axis] for axis in axes}).data_df
        return frame.loc[rows, columns].to_numpy().T

    return read


READ = {
    "ours": lambda path, rows, columns, _: gctx.read(path, rows, columns),
    "ours, to disk": to_disk,
    "cmapPy, part": by_cmappy("rid", "cid"),
    "cmapPy, genes": by_cmappy("rid"),
    "cmapPy, all": by_cmappy(),
}


def race(task: Path, repeats: int) -> dict[str, dict[str, float]]:
    """The least CPU seconds and the least peak of some repeats, by contender."""
    results = {}
    for name in READ:
        runs = [_apart(name, task) for _ in range(repeats)]
        results[name] = {key: min(run[key] for run in runs) for key in ("cpu_s", "peak_mb")}
        results[name]["digest"] = runs[0]["digest"]
    assert len({result["digest"] for result in results.values()}) == 1, results
    return results


def _apart(name: str, task: Path) -> dict[str, float]:
    task.with_suffix(".f32").unlink(missing_ok=True)
    command = [sys.executable, "-W", "ignore", __file__, "--contend", name, str(task)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def show(results: dict[str, dict[str, float]]) -> dict[str, float]:
    ours, ratios = results["ours"], {}
    for name, found in results.items():
        times, sizes = found["cpu_s"] / ours["cpu_s"], found["peak_mb"] / ours["peak_mb"]
        ratios |= {f"cpu of {name}": times, f"memory of {name}": sizes}
        print(
            f"  {name:15} {found['cpu_s']:7.2f} s {found['peak_mb']:8.0f} MB   {times:5.1f} x {sizes:5.1f} x"
        )
    return ratios


def main() -> dict[str, dict[str, float]]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a file of 18 MB in place of one of 592 MB")
    parser.add_argument("--contend", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contend:
        print(json.dumps(contend(options.contend[0], Path(options.contend[1]))))
        return {}
    ratios = {}
    with tempfile.TemporaryDirectory() as folder:
        for chunk in (21, 268):
            sizes = SMALL if options.small else LARGE
            made = make(Path(folder), *sizes, chunk)
            print(f"{sizes[2]:,} of {sizes[0]:,} signatures, {N_LANDMARKS} of {sizes[1]:,} genes,")
            print(
                f"{made['mb']:.0f} MB in chunks of {chunk} signatures; CPU, peak of memory, multiples of ours"
            )
            ratios[f"chunks of {chunk}"] = show(race(made["task"], 3))
    return ratios


if __name__ == "__main__":
    main()
