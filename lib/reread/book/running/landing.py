"""A run becomes visible alone, and whole or not at all."""

from __future__ import annotations

import glob
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

from reread.book.running import stopping
from reread.book.running.locks import locked
from reread.core import paths as places

HEX = "[0-9a-f]" * 8
WAIT_S = 600


@contextmanager
def landing(target: Path) -> Iterator[Path]:
    """Give an empty folder beside ``target`` that becomes ``target`` at the end.

    On any error the folder is gone and ``target`` is what it was. What a runner left that was killed is
    cleared first, its processes included.

    Raises
    ------
    RunError
        If another process is at work on the same target (exit code 4).
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    name = f"pages/{target.relative_to(places.runs()).as_posix()}"
    with ExitStack() as stack:
        stack.enter_context(locked(name, f"Another process is at work on {target}"))
        _clear(target)
        part = target.parent / f".{target.name}.{uuid4().hex[:8]}.part"
        part.mkdir()
        stack.callback(shutil.rmtree, part, ignore_errors=True)
        yield part
        with runs_held():
            _swap(part, target)


def runs_held() -> AbstractContextManager[None]:
    """Hold the folder of runs as it is, for readers of many runs: no run is replaced meanwhile."""
    return locked("runs", "Another process reads or replaces runs", wait_s=WAIT_S)


def _clear(target: Path) -> None:
    """Remove what a killed runner left; put back a run that it had only just moved aside."""
    for part in target.parent.glob(f".{glob.escape(target.name)}.{HEX}.part"):
        stopping.end_all_of(part)
        shutil.rmtree(part, ignore_errors=True)
    for old in target.parent.glob(f".{glob.escape(target.name)}.{HEX}.old"):
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(target)


def _swap(part: Path, target: Path) -> None:
    """Put the finished folder in place; the one before is gone only once the new one is there."""
    old = part.with_suffix(".old")
    try:
        if target.exists():
            target.rename(old)
        part.rename(target)
    finally:
        if old.exists() and not target.exists():
            old.rename(target)
    shutil.rmtree(old, ignore_errors=True)
