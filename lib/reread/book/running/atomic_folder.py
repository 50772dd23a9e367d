"""A run becomes visible whole or not at all, under a lock that is gone with the process that held it."""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from reread.book.running import stopping
from reread.core import paths as places
from reread.core.errors import ExitCode, RunError


@contextmanager
def landing(target: Path) -> Iterator[Path]:
    """Give an empty folder beside ``target`` that becomes ``target`` at the end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    name = f"pages/{target.relative_to(places.runs()).as_posix()}"
    with ExitStack() as stack:
        stack.enter_context(locked(name, f"Another process is at work on {target}"))
        _clear(target)
        part = target.parent / f".{target.name}.{uuid4().hex[:8]}.part"
        part.mkdir()
        stack.callback(shutil.rmtree, part, ignore_errors=True)
        yield part
        swap(part, target)


def _clear(target: Path) -> None:
    """Remove what a killed runner left; put back a run that it had only just moved aside."""
    name = f".{glob.escape(target.name)}.{'[0-9a-f]' * 8}"
    for part in target.parent.glob(f"{name}.part"):
        stopping.end_all_of(part)
        shutil.rmtree(part, ignore_errors=True)
    for old in target.parent.glob(f"{name}.old"):
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(target)


def swap(part: Path, target: Path) -> None:
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


@contextmanager
def locked(name: str, busy: str) -> Iterator[None]:
    """Hold the lock ``name``; if it is taken, say ``busy`` and name the process."""
    from filelock import FileLock, Timeout

    path = places.state() / "locks" / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock, note = FileLock(path, timeout=0), path.with_suffix(".pid")  # who asks for a lock empties it
    try:
        lock.acquire()
    except Timeout:
        with suppress(OSError, ValueError):
            busy += f" (process {int(note.read_text(encoding='utf-8'))})"
        said = f"{busy}.\nWait until it has ended, then run this again."
        raise RunError(said, ExitCode.ENVIRONMENT) from None
    except NotImplementedError:
        yield  # a file system without locks must not keep anybody from running
        return
    try:
        note.write_text(str(os.getpid()), encoding="utf-8")
        yield
    finally:
        lock.release()
