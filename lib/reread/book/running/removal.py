"""Remove runs that nobody needs: failed ones, those with other parameters, and folders left half-made."""

import re
import shutil
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from uuid import uuid4

from reread.book.columns import columns
from reread.book.running import stopping
from reread.book.running.atomic_folder import locked
from reread.core import paths
from reread.core.errors import ParameterError, RunError

_HALF_MADE = re.compile(r"\.(.+)\.[0-9a-f]{8}\.(?:part|old)")
_DAY_S = 86_400


def removable(names: list[str], older_than: float = 0) -> dict[Path, int]:
    """Folders, older than so many days, and their bytes: those of ``names``, else what no page needs.

    ParameterError if a name is no run of this checkout.
    """
    runs = paths.runs()
    found = [_named(name) for name in names] or [
        *sorted(path for path in runs.glob("failed/*/*/*") if path.is_dir()),
        *sorted(path for path in runs.glob("custom/*/*") if not path.name.startswith(".")),
        *sorted(path for path in runs.glob("*/*/.*") if _is_left(path)),
    ]
    border = time.time() - older_than * _DAY_S
    return {path: _bytes(path) for path in found if path.lstat().st_mtime <= border}


def _is_left(path: Path) -> bool:
    """Whether a folder was left half-made, and no process is at work on it."""
    # what was moved aside and has no successor is a whole run: the next run of its page puts it back
    is_run = path.suffix == ".old" and not _target(path).exists()
    if not _HALF_MADE.fullmatch(path.name) or is_run:
        return False
    with suppress(RunError), _alone(path):
        return True
    return False


def _alone(path: Path) -> AbstractContextManager[None]:
    """Hold the lock of the run that a folder belongs to; RunError if another process does."""
    target = _target(path)
    name = target.relative_to(paths.runs().absolute()).as_posix()
    return locked(f"pages/{name}", f"Left in place: another process is at work on {target}")


def _named(name: str) -> Path:
    """The folder of one run, by its place below the folder of all runs or by its path."""
    runs = paths.runs().absolute()
    given = Path(name).absolute()
    folder = given if given.is_relative_to(runs) else runs / name.removeprefix("runs/")
    steps = folder.relative_to(runs).parts if folder.is_relative_to(runs) else ()
    is_place = len(steps) == (4 if steps[:1] == ("failed",) else 3) and ".." not in steps
    if not is_place or steps[-1].startswith(".") or not folder.is_dir():
        said = f"There is no run {name!r} in {runs}: a name such as demo/networks/02-deeptgi is wanted."
        raise ParameterError(f"{said}\nRun:  reread runs list")
    return folder


def _target(path: Path) -> Path:
    """The folder of the run that a folder was, or was to become, or that failed."""
    found = _HALF_MADE.fullmatch(path.name)
    runs = paths.runs().absolute()
    steps = path.absolute().relative_to(runs).parts
    return runs.joinpath(*steps[steps[0] == "failed" :]).with_name(found[1] if found else path.name)


def text(found: dict[Path, int]) -> str:
    """A line for each folder, and their sum."""
    rows = [(str(path), f"{size:,} B") for path, size in found.items()]
    if not rows:
        return "There is nothing to remove."
    return "\n".join([*columns(rows, slice(1, 2)), f"{len(found)} folders, {sum(found.values()):,} bytes."])


def remove(found: dict[Path, int]) -> str:
    """Remove folders, but none that a process is at work on; says how many bytes are free now."""
    freed, lines = [], []
    for path, size in found.items():
        try:
            with _alone(path):
                _remove(path)
        except RunError as error:
            lines.append(str(error).splitlines()[0])
        else:
            freed.append(size)
    return "\n".join([*lines, f"Removed {len(freed)} folders, {sum(freed):,} bytes are free."])


def _remove(path: Path) -> None:
    """Out of sight first: what is cut off half-way is a half-made folder, and no damaged run."""
    if path.is_symlink():
        path.unlink()
        return
    if path.suffix == ".part":
        stopping.end_all_of(path)
    part = path.rename(path.with_name(f".{path.name.strip('.')}.{uuid4().hex[:8]}.part"))
    shutil.rmtree(part)


def _bytes(path: Path) -> int:
    """Bytes of every file below a folder."""
    return sum(one.lstat().st_size for one in path.rglob("*") if one.is_file() and not one.is_symlink())
