"""A warm process from which jobs and kernels fork: it has imported the libraries, and nothing of a study.

One server for one build: ``python -s -P -m reread.book.running.server FOLDER FAMILIES``. A framework has a
server of its own, forked from the first one when a page first asks for it. Nothing but imports has run in a
server, and it has one thread, so a process forked from it is as one freshly started.
"""

import gc
import json
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from reread.book.running import kernel
from reread.book.running.stopping import POLL_S, end_marked, tie

BASE = "base"
PIECE = 1 << 16
PATIENCE_S = 10.0


@dataclass
class Server:
    """One server: its socket, its forked processes, and the servers of frameworks below it."""

    folder: Path
    families: dict[str, list[str]]
    name: str
    listening: socket.socket
    is_safe: bool = True
    below: dict[str, int] = field(default_factory=dict)
    connections: dict[int, socket.socket] = field(default_factory=dict)

    def serve(self) -> None:
        """Fork a process for each request until the parent dies or says stop."""
        self.is_safe = len(list(Path("/proc/self/task").iterdir())) == 1  # those of libraries included
        gc.collect()
        gc.freeze()  # pages stay shared with what is forked
        woken, wake = socket.socketpair()
        wake.setblocking(False)
        signal.set_wakeup_fd(wake.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.listening, selectors.EVENT_READ, None)
            waiting.register(woken, selectors.EVENT_READ, None)
            while True:
                for ready, _ in waiting.select():
                    if ready.fileobj is woken:
                        woken.recv(PIECE)
                    elif ready.fileobj is self.listening:
                        self._accept(waiting)
                    elif ready.data in self.connections:  # whoever asked has gone: clean up and end
                        _terminate(ready.data)
                        waiting.unregister(ready.fileobj)
                self._reap(waiting)

    def _accept(self, waiting: selectors.BaseSelector) -> None:
        connection, _ = self.listening.accept()
        request, streams = _request(connection)
        if answer := self._elsewhere(request):
            _say(connection, **answer)
            connection.close()
        elif not request:
            connection.close()
        else:
            pid = self._fork(partial(_serve_request, request, streams, connection))
            self.connections[pid] = connection
            waiting.register(connection, selectors.EVENT_READ, pid)
            _say(connection, pid=pid)
        for stream in streams:
            os.close(stream)

    def _elsewhere(self, request: dict) -> dict:
        """Where to ask instead, if the page needs a framework; nothing if this server is the right one."""
        family = request.get("family", self.name)
        if family == self.name:
            return {} if self.is_safe else {"cold": "the libraries have started threads"}
        if family not in self.below:
            listening = _listen(self.folder / family)
            self.below[family] = self._fork(partial(self._become, family, listening))
            listening.close()
        return {"go": str(self.folder / family)}

    def _become(self, family: str, listening: socket.socket) -> int:
        """Be the server of a framework."""
        gc.unfreeze()
        kernel.preload(tuple(self.families.get(family, ())))
        Server(self.folder, {}, family, listening).serve()
        return 1

    def _fork(self, be: Callable[[], int]) -> int:
        """Fork a process that calls ``be`` and ends with the code that it returns."""
        if pid := os.fork():
            return pid
        code = 1
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            tie(signal.SIGTERM)
            self.listening.close()
            for connection in self.connections.values():
                connection.close()
            code = be()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            kernel.leave(code)
        raise AssertionError("unreachable")

    def _reap(self, waiting: selectors.BaseSelector) -> None:
        """Say how each process ended that has, and end what it left in its session."""
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, code = ended[0], os.waitstatus_to_exitcode(ended[1])
                if (connection := self.connections.pop(pid, None)) is None:
                    continue
                if code < 0:
                    end_marked("", pid)
                with suppress(KeyError):
                    waiting.unregister(connection)
                _say(connection, code=code)
                connection.close()

    def _stop(self) -> None:
        """End every process that was forked here: each may clean up, then no more."""
        for pid in (*self.connections, *self.below.values()):
            _terminate(pid)
        until = time.monotonic() + PATIENCE_S
        with suppress(ChildProcessError):
            while time.monotonic() < until:
                time.sleep(0 if os.waitpid(-1, os.WNOHANG)[0] else POLL_S)
        for pid in self.connections:
            end_marked("", pid)
        os._exit(0)


def _terminate(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


def _request(connection: socket.socket) -> tuple[dict, list[int]]:
    """What is asked for, and the streams that came with it; nothing if the asker has gone already."""
    connection.settimeout(10)
    try:
        data, streams, _, _ = socket.recv_fds(connection, PIECE, 2)
        while data and not data.endswith(b"\n"):
            data += (piece := connection.recv(PIECE))
            if not piece:
                break
        return json.loads(data), list(streams)
    except (OSError, ValueError) as error:
        print(f"a request could not be read: {error!r}", file=sys.stderr, flush=True)
        return {}, []


def _say(connection: socket.socket, **answer: object) -> None:
    with suppress(OSError):
        connection.sendall(json.dumps(answer).encode() + b"\n")


def _serve_request(request: dict, streams: list[int], connection: socket.socket) -> int:
    """Take environment, folder and streams of whoever asked, and do the task."""
    connection.close()
    null = os.open(os.devnull, os.O_RDONLY)
    for given, own in zip([null, *streams], (0, 1, 2), strict=True):
        os.dup2(given, own)
        os.close(given)
    sys.stdout.reconfigure(line_buffering=True)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    if request["task"] == "page":
        return kernel.drive(*request["arguments"])
    from reread.book.running import job

    return job.main(request["arguments"])


def _listen(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen(64)
    return listening


if __name__ == "__main__":
    tie(signal.SIGTERM, int(sys.argv[3]))
    first = Server(Path(sys.argv[1]), json.loads(sys.argv[2]), BASE, _listen(Path(sys.argv[1]) / BASE))
    os.chdir(first.folder)
    kernel.preload((*kernel.LIBRARIES, *first.families.get(BASE, ())))
    first.serve()
