"""The closed environment of a kernel, and where and with what a run was made."""

import os
import platform
import re
import subprocess
import sys
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from reread.core import paths as places
from reread.pages import PageRef

_CAPS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
# what chooses between kernels of a numerical library, and with it the last digits; written into the record
_SELECTORS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NPY_DISABLE_CPU_FEATURES", "ATEN_CPU_CAPABILITY")
_SELECTORS += ("TF_ENABLE_ONEDNN_OPTS", *_CAPS)
_PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
_PASSED += ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")
_PREFIXES = ("REREAD_", "HF_", "MKL_")
_OF_ANOTHER = ("REREAD_RUN", "REREAD_PAGE", "REREAD_PROFILE", "REREAD_KEY", "REREAD_SERVER")
HOME = "home"
# runs a module: no site of the user, no folder of the caller on its path
PYTHON = (sys.executable, "-s", "-P", "-u", "-m")


def sealed(threads: int, home: Path) -> dict[str, str]:
    """What every kernel finds in its environment: places, seed of hashing, caps on threads, no settings."""
    passed = [name for name in os.environ if name.startswith(_PREFIXES) and name not in _OF_ANOTHER]
    matplotlib = find_spec("matplotlib")  # found without importing it
    settings = Path(matplotlib.origin or "").parent / "mpl-data/matplotlibrc" if matplotlib else Path()
    return {
        **{name: os.environ[name] for name in (*_PASSED, *_SELECTORS, *passed) if name in os.environ},
        **dict.fromkeys(_CAPS, str(threads)),
        "OMP_WAIT_POLICY": "passive",
        "PYTHONHASHSEED": "0",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": str(places.state().resolve() / "matplotlib"),  # keeps the list of fonts
        "MATPLOTLIBRC": str(settings),
        **dict.fromkeys(("KERAS_HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"), str(home)),
        "JUPYTER_NO_CONFIG": "1",
        "TQDM_MININTERVAL": "2",  # seconds between two looks at a bar, each of which is a message
        **places.surroundings(),
    }


def of_page(ref: PageRef, part: Path, key: str, threads: int) -> dict[str, str]:
    """The environment of one page: the sealed one, and what page this is."""
    run = {"RUN": str(part.resolve()), "PROFILE": ref.profile, "PAGE": ref.page, "KEY": key}
    return sealed(threads, (part / HOME).resolve()) | {f"REREAD_{name}": value for name, value in run.items()}


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
    names, packages = places.root() / "requirements.in", {}
    text = names.read_text(encoding="utf-8") if names.is_file() else ""
    for name in re.findall(r"^[A-Za-z0-9_.-]+", text, re.MULTILINE):
        with suppress(PackageNotFoundError):
            packages[name] = version(name)
    chosen = sorted(name for name in os.environ if name in _SELECTORS or name.startswith("MKL_"))
    return {
        "executable": sys.executable,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": packages,
        "environment": {name: os.environ[name] for name in chosen},
    }


def _git(*words: str) -> str:
    """Answer of git, or nothing outside a checkout."""
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.check_output(
            ["git", *words], cwd=places.root(), stderr=subprocess.DEVNULL, text=True, timeout=20
        ).strip()
    return ""
