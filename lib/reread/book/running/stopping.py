"""No process outlives what it was started for: signals, a parent that died, everything a run has started.

Only the standard library and psutil: a process that has yet to fork imports this. As a program it runs a
module that dies with its parent: ``python -m ...stopping PARENT MODULE ARGUMENT...``.
"""

import ctypes
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

POLL_S = 0.05
SESSION = "session.json"
# Windows has no SIGHUP
SIGNALS = tuple(getattr(signal, s) for s in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, s))
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM and a closed terminal stop a command as Ctrl-C does, once; cleaning up is not disturbed."""

    def stop(*_: object) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before: dict[int, object] = {}
    if threading.current_thread() is threading.main_thread():
        stop.is_ours = True  # type: ignore[attr-defined]
        for number in SIGNALS:
            now = signal.getsignal(number)
            # whoever ignores a signal (nohup, a command that is cleaning up) keeps ignoring it
            if now is not signal.SIG_IGN and not hasattr(now, "is_ours"):
                before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def tie(number: int = KILL, parent: int = 0) -> None:
    """Have this process get signal ``number`` when its parent dies; end now if it is dead already."""
    started_by = os.getppid()
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None, use_errno=True).prctl(set_parent_death_signal, number, 0, 0, 0)
    else:
        threading.Thread(target=_watch_parent, args=(started_by, number), daemon=True).start()
    if os.getppid() != (parent or started_by):
        os.kill(os.getpid(), number)


def tied_command(module: str, *arguments: str) -> list[str]:
    """The command line that runs a module, or its function as ``module:function``, tied to this process."""
    return [sys.executable, "-m", __spec__.name, str(os.getpid()), module, *arguments]


def start(command: list[str], log: Path, env: dict[str, str], cwd: Path | None = None) -> subprocess.Popen:
    """Start a command in a session of its own; what it says goes to ``log``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as stream:
        streams = {"stdin": subprocess.DEVNULL, "stdout": stream, "stderr": stream}
        return subprocess.Popen(command, **streams, env=env, cwd=cwd, start_new_session=True)


@contextmanager
def running(*command: Any) -> Iterator[subprocess.Popen]:
    """Start a command, which at the end, or by a signal, has ended with its children."""
    process = start(*command)
    try:
        yield process
    finally:
        end_family(process)


def _watch_parent(parent: int, number: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), number)


def end_family(process: subprocess.Popen) -> None:
    """Ask a program and its children to end, ever less politely; return once it has ended."""
    import psutil

    with suppress(psutil.NoSuchProcess):
        family = [psutil.Process(process.pid)] if process.poll() is None else []
        family += [child for one in family for child in one.children(recursive=True)]
        for ask in ("terminate", "kill"):
            for one in family:
                with suppress(psutil.NoSuchProcess):
                    getattr(one, ask)()
            family = psutil.wait_procs(family, 15)[1]
    process.wait()


def note_session(part: Path) -> None:
    """Write which session belongs to a run: the environment of a forked process shows its server's."""
    import psutil

    (part / SESSION).write_text(json.dumps([os.getpid(), psutil.Process().create_time()]))


def end_all_of(part: Path) -> None:
    """Kill every process that was started for a run, whoever its parent is now."""
    import psutil

    session = 0
    with suppress(OSError, ValueError, psutil.NoSuchProcess):  # without its leader a session keeps its number
        session, started = json.loads((part / SESSION).read_text())
        if abs(psutil.Process(session).create_time() - started) >= 1:
            session = 0  # the number was given to another process since
    end_marked(str(part.resolve()), session)


def end_marked(mark: str, session: int) -> None:
    """Kill what has ``mark`` as its REREAD_RUN, or lives in ``session``, until two looks find nothing."""
    import psutil

    n_clean = 0
    while n_clean < 2:
        n_clean += 1
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.pid != os.getpid() and _belongs(process, mark, session):
                    process.kill()
                    n_clean = 0
        time.sleep(POLL_S)


def _belongs(process, mark: str, session: int) -> bool:
    import psutil

    is_of_session = bool(session) and hasattr(os, "getsid") and os.getsid(process.pid) == session
    is_marked = is_of_session or (bool(mark) and process.environ().get("REREAD_RUN") == mark)
    return is_marked and process.status() != psutil.STATUS_ZOMBIE


if __name__ == "__main__":
    tie(parent=int(sys.argv[1]))
    module, sys.argv = sys.argv[2], sys.argv[2:]
    module, _, function = module.partition(":")
    if function:
        sys.exit(getattr(import_module(module), function)())
    runpy.run_module(module, run_name="__main__", alter_sys=True)
