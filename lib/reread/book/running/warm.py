"""Start the server of a build, and ask it for the process of a page."""

import json
import math
import os
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reread.book.running import client, environment, kernel, server
from reread.book.status import fingerprint
from reread.core.errors import ExitCode, RunError
from reread.pages import PageRef

VARIABLE = "REREAD_SERVER"
# a framework is imported in a server of its own: two in one process do not bear each other
_FRAMEWORKS = {"tensorflow": ("tensorflow", "keras"), "torch": ("torch",)}
_COMMON = ("sklearn", "scipy", "seaborn", "joblib", "tqdm")
_SPECIAL = ("h5py", "networkx", "lightgbm", "shap", "umap")
_IMPORT = re.compile(r"^\s*(?:import|from)\s+([a-zA-Z_][\w.]*)", re.MULTILINE)


@contextmanager
def started(refs: Iterable[PageRef], threads: int, log: Path) -> Iterator[str]:
    """Run a server for these pages; what :func:`ask` finds it by, or nothing where processes do not fork."""
    if not kernel.CAN_FORK:
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="reread-") as folder, log.open("w") as stream:
        arguments = [folder, json.dumps(_families(refs)), str(os.getpid())]
        env = environment.sealed(threads, Path(folder))
        process = environment.popen(server.__name__, arguments, stream, env)
        try:
            while not (Path(folder) / server.BASE).exists() and process.poll() is None:
                time.sleep(0.01)
            yield f"{threads}:{folder}/{server.BASE}" if process.poll() is None else ""
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(2 * server.PATIENCE_S)
            process.kill()
            process.wait()


def answers(address: str) -> bool:
    """Whether the server that :func:`started` gave is still alive."""
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(address.partition(":")[2]) == 0


def _families(refs: Iterable[PageRef]) -> dict[str, list[str]]:
    """Framework to the libraries that its pages import, the framework first; common ones under ``base``."""
    found: dict[str, set[str]] = {server.BASE: set()}
    for used in map(_libraries, {ref.notebook: ref for ref in refs}.values()):
        tops = {name: name.split(".")[0] for name in used}
        found[server.BASE] |= {name for name, top in tops.items() if top in _COMMON}
        found.setdefault(_framework(used), set()).update(n for n, top in tops.items() if top in _SPECIAL)
    return {name: [*_FRAMEWORKS.get(name, ()), *sorted(used)] for name, used in found.items()}


def _libraries(ref: PageRef) -> set[str]:
    """Names of the modules that are imported by the modules of ours that a page reaches."""
    reached = fingerprint.Library().closure(fingerprint.notebook(ref.notebook).imports)
    texts = ((fingerprint.PACKAGE.parents[1] / path).read_text(encoding="utf-8") for path in reached)
    return {name for text in texts for name in _IMPORT.findall(text)}


def _framework(used: set[str]) -> str:
    """The framework among the libraries of a page, which names its server; else the first server."""
    tops = {name.split(".")[0] for name in used}
    return next((name for name, modules in _FRAMEWORKS.items() if tops & set(modules)), server.BASE)


class Asked:
    """A process that a server forked, with as much of ``subprocess.Popen`` as is needed."""

    def __init__(self, connection: socket.socket):
        self._connection, self._rest = connection, b""
        self.pid, self.returncode, self.elsewhere = 0, None, ""
        while not (self.pid or self.elsewhere or self.returncode is not None):
            self._hear(None)

    def poll(self) -> int | None:
        """Its exit code; None while it runs. A server that died took the process with it."""
        if self.returncode is None:
            self._hear(0)
        return self.returncode

    def terminate(self) -> None:
        """Ask it to end."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, 15)

    def wait(self, timeout: float = math.inf) -> int:
        """Wait for its end."""
        until = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("page", timeout)
            time.sleep(0.02)
        self._connection.close()
        return int(self.returncode or 0)

    def _hear(self, timeout: float | None) -> None:
        self._connection.settimeout(timeout)
        try:
            data = self._connection.recv(server.PIECE)
        except (BlockingIOError, TimeoutError):
            return
        except OSError:
            data = b""
        if not data:
            self.returncode = -9 if self.returncode is None else self.returncode
        *lines, self._rest = (self._rest + data).split(b"\n")
        for answer in map(json.loads, lines):
            self.pid = answer.get("pid", self.pid)
            self.returncode = answer.get("code", self.returncode)
            self.elsewhere = answer.get("go", answer.get("cold", ""))


def ask(arguments: list[str], log: int, env: dict[str, str], ref: PageRef, threads: int) -> Asked | None:
    """A forked process that executes a page; None where no server fits: the caller starts one afresh."""
    caps, _, address = os.environ.get(VARIABLE, "").partition(":")
    if not address or caps != str(threads):
        return None
    request = {"task": "page", "arguments": arguments, "environment": env, "cwd": arguments[-1]}
    request["family"] = _framework(_libraries(ref))
    for _ in range(2):
        try:
            asked = Asked(client.ask(address, request, [log, log]))
        except OSError as error:
            said = f"The server of this build does not answer: {error}.\nRun:  reread build"
            raise RunError(said, ExitCode.KILLED) from None
        if asked.pid:
            return asked
        address = asked.elsewhere
        if not address.startswith("/"):
            return None
    return None
