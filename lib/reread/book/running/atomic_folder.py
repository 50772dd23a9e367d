"""Where a run lands: alone, and whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import glob
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

from reread.book.running import process
from reread.core import paths as places
from reread.core.errors import RunError

BUSY = 4
HEX = "[0-9a-f]" * 8


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
    with ExitStack() as stack:
        stack.enter_context(_alone(target))
        _clear(target)
        part = target.parent / f".{target.name}.{uuid4().hex[:8]}.part"
        part.mkdir()
        stack.callback(shutil.rmtree, part, ignore_errors=True)
        yield part
        _swap(part, target)


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Hold the lock of a target; the system lets go of it however this process ends."""
    path = places.runs() / ".locks" / target.relative_to(places.runs())
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(
                f"Another process is at work on {target}.\nWait until it has ended, then run this again.",
                BUSY,
            ) from None
        except OSError as error:
            # a file system without locks must not keep anybody from running
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                raise
        yield


def _clear(target: Path) -> None:
    """Remove what a killed runner left; put back a run that it had only just moved aside."""
    for part in target.parent.glob(f".{glob.escape(target.name)}.{HEX}.part"):
        process.end_all_of(part)
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
