"""Folders of the checkout, of runs, data and state; each can be moved by a variable."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlparse

from reread.core.errors import ParameterError

STUDIES = ("depression", "maize", "genomes", "lincs", "networks")


def root() -> Path:
    """Top of the checkout: ``REREAD_HOME``, else the nearest folder upwards, else beside the package."""
    return _root(os.environ.get("REREAD_HOME", ""), Path.cwd())


@lru_cache(maxsize=64)
def _root(named: str, here: Path) -> Path:
    if named:
        home = Path(named).expanduser().resolve()
        if not home.is_dir():
            raise ParameterError(f"REREAD_HOME must be the folder of a checkout, but is {named!r}.")
        return home
    here = here.resolve()
    above = [p for p in (here, *here.parents) if (p / "chapters").is_dir() and (p / "lib/reread").is_dir()]
    return above[0] if above else Path(__file__).resolve().parents[3]


def runs() -> Path:
    """Folder of all runs: ``REREAD_RUNS``, else ``runs`` at the top of the checkout."""
    return Path(os.environ.get("REREAD_RUNS") or root() / "runs").expanduser()


def data() -> Path:
    """Folder of downloaded and simulated files: ``REREAD_DATA``, else ``data``."""
    return Path(os.environ.get("REREAD_DATA") or root() / "data").expanduser()


def state() -> Path:
    """Folder of locks, run keys and checkpoints: ``REREAD_STATE``, else ``.reread`` in the checkout."""
    return Path(os.environ.get("REREAD_STATE") or root() / ".reread").expanduser()


def mirror() -> Path | None:
    """Folder that is tried before the network: ``REREAD_MIRROR``, else ``../shared/data`` where it is."""
    named = os.environ.get("REREAD_MIRROR", "")
    if not named:
        beside = root().parent / "shared" / "data"
        return beside if beside.is_dir() else None
    parsed = urlparse(named)
    is_local = parsed.scheme == "file" and parsed.netloc in ("", "localhost") and parsed.path[:1] == "/"
    path = Path(unquote(parsed.path)) if is_local else Path(named).expanduser()
    if not path.is_dir():
        raise ParameterError(
            f"REREAD_MIRROR must be a folder or a file:/// address of one, but is {named!r}."
        )
    return path.resolve()


def surroundings() -> dict[str, str]:
    """All folders as absolute paths, for the environment of a process that starts elsewhere."""
    found = {"HOME": root(), "RUNS": runs(), "DATA": data(), "STATE": state(), "MIRROR": mirror()}
    return {f"REREAD_{name}": str(path.resolve()) for name, path in found.items() if path is not None}
