"""Where things lie: the one module that knows the tree."""

from __future__ import annotations

import os
from pathlib import Path

from reread.core.errors import ParameterError

STUDIES = ("depression", "maize", "genomes", "lincs", "networks")


def root() -> Path:
    """Top of the checkout: ``REREAD_HOME``, else the nearest folder upwards, else beside the package.

    Raises
    ------
    ParameterError
        If ``REREAD_HOME`` names no folder.
    """
    if named := os.environ.get("REREAD_HOME"):
        home = Path(named).expanduser().resolve()
        if not home.is_dir():
            raise ParameterError(f"REREAD_HOME must be the folder of a checkout, but is {named!r}.")
        return home
    here = Path.cwd().resolve()
    above = [p for p in (here, *here.parents) if (p / "chapters").is_dir() and (p / "lib/reread").is_dir()]
    return above[0] if above else Path(__file__).resolve().parents[3]


def runs() -> Path:
    """Folder of all runs: ``REREAD_RUNS``, else ``runs`` at the top of the checkout."""
    return Path(os.environ.get("REREAD_RUNS") or root() / "runs").expanduser()


def data() -> Path:
    """Folder of downloaded and simulated files: ``REREAD_DATA``, else ``data``."""
    return Path(os.environ.get("REREAD_DATA") or root() / "data").expanduser()
