"""The closed environment of a kernel, and where and with what a run was made."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from reread.core import paths as places
from reread.pages import PageRef

CAPS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
# what chooses between kernels of a numerical library, and with it the last digits; written into the record
SELECTORS = (
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "NPY_DISABLE_CPU_FEATURES",
    "ATEN_CPU_CAPABILITY",
    "TF_ENABLE_ONEDNN_OPTS",
    *CAPS,
)
PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "SYSTEMROOT")
PREFIXES = ("REREAD_", "HF_", "MKL_")
OF_ANOTHER = ("REREAD_RUN", "REREAD_PAGE", "REREAD_PROFILE", "REREAD_KEY", "REREAD_SERVER")
# options of Python: no site of the user, no folder of the caller on the path
SEALED_PYTHON = ("-s", "-P")
HOME = "home"


def sealed(threads: int, home: Path) -> dict[str, str]:
    """What every kernel finds in its environment: places, seed of hashing, caps on threads, no settings."""
    return {
        **{name: value for name, value in os.environ.items() if _may_pass(name)},
        **dict.fromkeys(CAPS, str(threads)),
        "OMP_WAIT_POLICY": "passive",
        "PYTHONHASHSEED": "0",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": str(places.state().resolve() / "matplotlib"),  # keeps the list of fonts
        "MATPLOTLIBRC": str(_matplotlibrc()),
        "KERAS_HOME": str(home),
        "IPYTHONDIR": str(home),
        "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTER_DATA_DIR": str(home),
        "JUPYTER_NO_CONFIG": "1",
        **places.surroundings(),
    }


def of_page(ref: PageRef, part: Path, key: str, threads: int) -> dict[str, str]:
    """The environment of one page: the sealed one, and what page this is."""
    run = {"RUN": str(part.resolve()), "PROFILE": ref.profile, "PAGE": ref.page, "KEY": key}
    return sealed(threads, (part / HOME).resolve()) | {f"REREAD_{name}": value for name, value in run.items()}


def _selectors() -> dict[str, str]:
    """Variables that choose between kernels of a library, as they stand in this process."""
    return {k: v for k, v in sorted(os.environ.items()) if k in SELECTORS or k.startswith("MKL_")}


def _may_pass(name: str) -> bool:
    return name in (*PASSED, *SELECTORS) or (name.startswith(PREFIXES) and name not in OF_ANOTHER)


def _matplotlibrc() -> Path:
    """The settings that come with matplotlib, found without importing it."""
    spec = find_spec("matplotlib")
    return Path(spec.origin or "").parent / "mpl-data/matplotlibrc" if spec else Path()


def made(started: float) -> dict[str, Any]:
    """Time and commit of a run that started at ``started`` (seconds since the epoch)."""
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "wall_s": round(time.time() - started, 1),
        "reread": version("reread"),
        "commit": _git("rev-parse", "HEAD"),
        "is_dirty": bool(_git("status", "--porcelain", "--untracked-files=no")),
    }


def of_this_process() -> dict[str, Any]:
    """What this process runs with: interpreter, machine, packages, choices between numerical kernels."""
    return {
        "executable": sys.executable,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": _packages(),
        "environment": _selectors(),
    }


def _packages() -> dict[str, str]:
    """Installed versions of the packages that ``requirements.in`` names."""
    names = places.root() / "requirements.in"
    if not names.is_file():
        return {}
    found = {}
    for line in names.read_text(encoding="utf-8").splitlines():
        name = re.match(r"[A-Za-z0-9_.-]+", line)
        if name:
            try:
                found[name[0]] = version(name[0])
            except PackageNotFoundError:
                continue
    return found


def _git(*words: str) -> str:
    """Answer of git, or nothing outside a checkout."""
    try:
        done = subprocess.run(
            ["git", *words], cwd=places.root(), capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
