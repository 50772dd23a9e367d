"""The process that executes one notebook: it forks the kernel, then drives it with papermill.

``python -s -P -m reread.book.running.kernel NOTEBOOK PART``, or forked by a server that has imported the
libraries already. Before the kernel exists no module of ours is imported but those of this room that need
the standard library alone: the kernel reads the code of the page itself, and reports what it has read.
"""

import atexit
import hashlib
import json
import logging
import marshal
import os
import random
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path
from uuid import uuid4

from reread.book.running.stopping import KILL, end_marked, note_session, tie

# what a page, its kernel and papermill use in any case
LIBRARIES = (
    *("numpy", "pandas", "scipy.stats", "matplotlib.pyplot", "nbformat", "papermill", "nbclient"),
    *("ipykernel.kernelapp", "matplotlib_inline.backend_inline", "pydantic", "psutil", "yaml", "filelock"),
)
MEASURED, REPORT = "measured.json", "kernel.json"
CAN_FORK = sys.platform == "linux"  # elsewhere libraries of the system may not survive it
PREPARED: list["Child"] = []  # in a job of a server: the process that waits for its page
_read: dict[str, str] = {}
_TAG = Path(cache_from_source("a.py")).suffixes[0][1:] if sys.implementation.cache_tag else "none"


def preload(libraries: tuple[str, ...] = LIBRARIES) -> None:
    """Import libraries; one that is not installed is left to the page that asks for it."""
    for name in libraries:
        with suppress(ModuleNotFoundError):
            import_module(name)


def drive(notebook: str, part: str) -> int:
    """Execute a notebook with ``parameters.yml`` of ``part`` into ``part``; papermill's exit code."""
    folder = Path(part)
    os.chdir(folder)  # where no library finds settings
    preload()
    note_session(folder)
    child = Child(_run_kernel, lambda: os.setpgid(0, 0), KILL) if CAN_FORK else None

    def end(*_: object) -> None:
        with suppress(OSError):
            os.killpg(child.pid, KILL)
        end_marked(os.environ["REREAD_RUN"], os.getpid())
        os._exit(128 + signal.SIGTERM)

    if child:
        signal.signal(signal.SIGTERM, end)
    os.chdir(os.environ["REREAD_HOME"])
    import papermill
    import yaml
    from nbclient.exceptions import DeadKernelError

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        papermill.execute_notebook(
            notebook,
            part + "/notebook.ipynb",
            yaml.safe_load((folder / "parameters.yml").read_text(encoding="utf-8")),
            kernel_name="python3",
            kernel_manager_class=_manager(child),
            log_output=True,
            progress_bar=False,
            start_timeout=180,
        )
    except DeadKernelError:
        return 138
    except papermill.PapermillExecutionError:
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def drive_line(line: str) -> int:
    """Take the environment and the log of a page, and execute it."""
    words, environment = json.loads(line)
    log = os.open(Path(words[-1], "log"), os.O_WRONLY | os.O_APPEND)
    for own in (1, 2):
        os.dup2(log, own)
    os.environ.clear()
    os.environ.update(environment)
    return drive(*words)


def fork(be: Callable[[], int]) -> int:
    """Fork a process that calls ``be`` and ends with the code that it returns, as Python ends; its number."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        code = be()
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(BaseException):
            threading._shutdown()
            atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(code)


class Child:
    """A forked process that waits for a line and calls ``be`` with it; else as much as is needed of Popen.

    It comes ``apart`` first, and gets the signal ``number`` if its parent dies.
    """

    stdin = stdout = stderr = None

    def __init__(self, be: Callable[[str], int], apart: Callable[[], None], number: int):
        waiting, self._sender = os.pipe()

        def wait() -> int:
            os.close(self._sender)
            apart()
            tie(number)
            with os.fdopen(waiting, encoding="utf-8") as stream:
                line = stream.readline()
            return be(line.strip()) if line else 1

        self.pid, self.returncode = fork(wait), None
        os.close(waiting)

    def tell(self, line: str) -> "Child":
        """Hand over the line that it waits for; to one that was killed nothing more is said."""
        with suppress(BrokenPipeError), os.fdopen(self._sender, "w", encoding="utf-8") as stream:
            stream.write(f"{line}\n")
        return self

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        return self.wait(options=os.WNOHANG)

    def wait(self, timeout: float | None = None, options: int = 0) -> int | None:
        """Wait for its end, however long that takes."""
        if self.returncode is None:
            with suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, options)
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)


def _run_kernel(connection_file: str) -> int:
    """Serve as the kernel until it is stopped."""
    import numpy as np
    from ipykernel.kernelapp import IPKernelApp

    os.chdir(os.environ["REREAD_HOME"])
    random.seed()
    np.random.seed(None)  # noqa: NPY002 (a forked process would go on from the state of its server)
    sys.meta_path.insert(0, _Recorder)
    sys.argv = ["ipykernel_launcher.py", "-f", connection_file]
    app = IPKernelApp.instance()
    app.initialize(["-f", connection_file, "--ignore-cwd", "--HistoryManager.hist_file=:memory:"])
    sys.stderr._isatty = True  # for bars that want a terminal: the runner passes them on, the page drops them
    app.shell.events.register("post_run_cell", _report)
    app.start()
    return 0


def _report(_: object) -> None:
    """Once the page is closed, write what ran it: this interpreter, its libraries, the code that was read."""
    part = Path(os.environ["REREAD_RUN"])
    if not (part / MEASURED).is_file() or (part / REPORT).is_file():
        return
    from reread.book.running import environment

    text = json.dumps(environment.of_this_process() | {"read": _read})
    (part / REPORT).write_text(text, encoding="utf-8")


class _Recorder(SourceFileLoader):
    """Load a module of ours from its text as it is now, never from a file of compiled code by its date."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """As any finder; only for modules of ours."""
        spec = PathFinder.find_spec(name, path) if name.startswith("reread.") else None
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Recorder(spec.loader.name, spec.loader.path)
        return spec

    def get_code(self, fullname: str):
        """Compile the text, or take the code that was compiled from the very same text; note its digest."""
        text = self.get_data(self.path)
        _read[self.path] = digest = hashlib.sha256(text).hexdigest()
        place = hashlib.sha256(self.path.encode()).hexdigest()[:16]
        cached = Path(os.environ["REREAD_STATE"], "compiled", f"{_TAG}-{digest}-{place}")
        with suppress(OSError, ValueError, EOFError, TypeError):
            return marshal.loads(cached.read_bytes())
        code = self.source_to_code(text, self.path)
        with suppress(OSError):
            cached.parent.mkdir(parents=True, exist_ok=True)
            part = cached.with_name(f".{cached.name}.{os.getpid()}")
            part.write_bytes(marshal.dumps(code))
            part.replace(cached)
        return code


def _manager(child: Child | None) -> type:
    """A manager whose kernel is this interpreter, whatever kernels are installed."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning.local_provisioner import LocalProvisioner

    options = ["-s", "-P", "-m", "reread.book.running.kernel", "--kernel", "{connection_file}"]
    spec = KernelSpec(
        argv=[sys.executable, *options], display_name="Python 3", language="python", name="python3"
    )

    class Forked(LocalProvisioner):
        """Start, watch and stop the kernel that is forked already."""

        async def launch_kernel(self, cmd, **_):
            self.process = child.tell(self.parent.connection_file)
            self.pid = self.pgid = child.pid
            return self.connection_info

    class Sealed(AsyncKernelManager):
        kernel_spec = spec

        def __init__(self, **options):
            super().__init__(**options)
            if child:
                # names, not ports: a port that was free may be taken until the kernel binds it
                self.transport, self.ip = "ipc", f"@reread-{uuid4().hex}"
                self.provisioner = Forked(kernel_id=str(child.pid), kernel_spec=spec, parent=self)

    return Sealed


if __name__ == "__main__":
    if sys.argv[1] == "--kernel":  # where there is no fork: the kernel alone
        os.chdir(os.environ["REREAD_RUN"])
        preload()
        sys.exit(_run_kernel(sys.argv[2]))
    tie(signal.SIGTERM)
    sys.exit(drive(*sys.argv[1:]))
