"""The process that executes one notebook: it forks the kernel, then drives it with papermill.

``python -s -P -m reread.book.running.kernel NOTEBOOK PART``, or forked from a server that has imported the
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
from contextlib import suppress
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path

from reread.book.running.stopping import KILL, end_marked, note_session, tie

# what a page, its kernel and papermill use in any case
LIBRARIES = (
    *("numpy", "pandas", "scipy.stats", "matplotlib.pyplot", "nbformat", "papermill", "nbclient"),
    *("ipykernel.kernelapp", "matplotlib_inline.backend_inline", "pydantic", "psutil", "yaml", "filelock"),
)
MEASURED, REPORT = "measured.json", "kernel.json"
CAN_FORK = sys.platform == "linux"  # elsewhere libraries of the system may not survive it
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
    forked = _fork_kernel() if CAN_FORK else None
    if forked:
        signal.signal(signal.SIGTERM, lambda *_: _end_with(forked[0]))
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
            kernel_manager_class=_manager(forked),
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


def leave(code: int) -> None:
    """End a forked process as Python ends, without what the process it was forked from has left to do."""
    with suppress(BaseException):
        threading._shutdown()
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code)


def _fork_kernel() -> tuple[int, int]:
    """Fork the kernel, which waits for its connection file; its process and where to write the name."""
    waiting, sender = os.pipe()
    if pid := os.fork():
        os.close(waiting)
        return pid, sender
    code = 1
    try:
        os.close(sender)
        os.setpgid(0, 0)
        tie()
        with os.fdopen(waiting, encoding="utf-8") as stream:
            name = stream.readline().strip()
        if name:
            code = _run_kernel(name)
    except BaseException:
        traceback.print_exc()
    finally:
        leave(code)
    raise AssertionError("unreachable")


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


def _end_with(kernel: int) -> None:
    with suppress(OSError):
        os.killpg(kernel, KILL)
    end_marked(os.environ["REREAD_RUN"], os.getpid())
    os._exit(128 + signal.SIGTERM)


def _manager(forked: tuple[int, int] | None) -> type:
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
            pid, sender = forked
            os.write(sender, f"{self.parent.connection_file}\n".encode())
            os.close(sender)
            self.process, self.pid, self.pgid = _Child(pid), pid, pid
            return self.connection_info

    class Sealed(AsyncKernelManager):
        kernel_spec = spec

        def __init__(self, **options):
            super().__init__(**options)
            if forked:
                self.provisioner = Forked(kernel_id=str(forked[0]), kernel_spec=spec, parent=self)

    return Sealed


class _Child:
    """A forked process, with as much of ``subprocess.Popen`` as is needed."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int):
        self.pid, self.returncode = pid, None

    def poll(self) -> int | None:
        return self.wait(options=os.WNOHANG)

    def wait(self, timeout: float | None = None, options: int = 0) -> int | None:
        if self.returncode is None:
            with suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, options)
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


if __name__ == "__main__":
    if sys.argv[1] == "--kernel":  # where there is no fork: the kernel alone
        os.chdir(os.environ["REREAD_RUN"])
        preload()
        sys.exit(_run_kernel(sys.argv[2]))
    tie(signal.SIGTERM)
    sys.exit(drive(*sys.argv[1:]))
