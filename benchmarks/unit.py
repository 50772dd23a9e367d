"""The unit of CPU time, and the cost of a command in units.

``python benchmarks/unit.py`` prints the unit: the median of five CPU times of importing torch, scikit-learn
and matplotlib in a fresh process. ``python benchmarks/unit.py COMMAND ...`` also runs a command and prints
its CPU time, with that of its children, in units.

Both run without byte code of modules. With it the imports take half of the time, so that the unit would
change once anything has written byte code; the bounds were set without it. Check: ``make book`` of the first
edition, which counts as 110 units, took 615 CPU-s on a machine whose unit was 5.7 to 5.9 CPU-s before and
after (108 to 104 units), and 3.0 with byte code. The kernel of a page has an environment of its own and may
read byte code; without it its imports take up to one unit more.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

IMPORTS = "import torch, sklearn.linear_model, matplotlib.pyplot"
N_RUNS = 5


def cpu_s(command: list[str]) -> tuple[float, float, int]:
    """CPU time of a command and its children without byte code, its wall time, and its exit code."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryDirectory() as empty:
        without = {"PYTHONPYCACHEPREFIX": empty, "PYTHONDONTWRITEBYTECODE": "1"}
        code = subprocess.run(command, check=False, env=os.environ | without).returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, time.perf_counter() - start, code


def unit_s() -> float:
    """Median CPU time of the imports, each in a fresh process."""
    return statistics.median(cpu_s([sys.executable, "-c", IMPORTS])[0] for _ in range(N_RUNS))


def main(command: list[str]) -> int:
    """Print the unit, and the cost of a command if one is given; return the exit code of the command."""
    unit = unit_s()
    print(f"one unit: {unit:.2f} CPU-s", flush=True)
    if not command:
        return 0
    used, wall, code = cpu_s(command)
    print(f"{' '.join(command)}: {used:.1f} CPU-s = {used / unit:.2f} units, {wall:.1f} s of wall time")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
