"""The one lock: of a page, of a build, of the folder of runs. It is gone with the process that held it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reread.core import paths as places
from reread.core.errors import RunError

ENVIRONMENT = 4


@contextmanager
def locked(name: str, busy: str, *, wait_s: float = 0) -> Iterator[None]:
    """Hold the lock ``name``; if it is taken after ``wait_s``, say ``busy`` and name the process.

    Raises
    ------
    RunError
        If it is held (exit code 4).
    """
    from filelock import FileLock, Timeout

    path = places.state() / "locks" / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=wait_s)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(
            f"{busy}{_holder(path)}.\nWait until it has ended, then run this again.", ENVIRONMENT
        ) from None
    except NotImplementedError:
        yield  # a file system without locks must not keep anybody from running
        return
    try:
        _note(path).write_text(str(os.getpid()), encoding="utf-8")
        yield
    finally:
        lock.release()


def _holder(path: Path) -> str:
    try:
        return f" (process {int(_note(path).read_text(encoding='utf-8'))})"
    except (OSError, ValueError):
        return ""


def _note(path: Path) -> Path:
    """File with the process that holds the lock; the lock itself is emptied by whoever asks for it."""
    return path.with_suffix(".pid")
