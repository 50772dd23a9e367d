"""The closed environment of a kernel: what is not named here does not reach the code of a page."""

from __future__ import annotations

import os
from pathlib import Path

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
    """What every kernel finds in its environment: places, seed of hashing, caps on threads, no settings.

    ``home`` is an empty folder where libraries look for settings of a user.
    """
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


def selectors() -> dict[str, str]:
    """Variables that choose between kernels of a library, as they stand in this process."""
    return {k: v for k, v in sorted(os.environ.items()) if k in SELECTORS or k.startswith("MKL_")}


def _may_pass(name: str) -> bool:
    return name in (*PASSED, *SELECTORS) or (name.startswith(PREFIXES) and name not in OF_ANOTHER)


def _matplotlibrc() -> Path:
    """The settings that come with matplotlib, found without importing it."""
    from importlib.util import find_spec

    spec = find_spec("matplotlib")
    return Path(spec.origin or "").parent / "mpl-data/matplotlibrc" if spec else Path()
