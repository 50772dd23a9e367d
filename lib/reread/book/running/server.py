"""A warm process from which jobs and kernels fork: it has imported the libraries, and nothing of a study.

``python -s -P -m reread.book.running.server FOLDER FAMILIES PARENT`` is the server of one build; one for each
framework is forked from it. Nothing but imports has run in a server, and it has one thread, so a process
forked from it is as one freshly started.
"""

import gc
import json
import os
import signal
import socket
import sys
import threading
from functools import partial
from pathlib import Path

from reread.book.running import kernel
from reread.book.running.stopping import tie

BASE = "base"
PIECE = 1 << 16
STARTED = b"s"


def serve(listening: socket.socket) -> None:
    """Fork a job for each connection; where libraries have started threads, hang up: it starts afresh."""
    is_safe = len(list(Path("/proc/self/task").iterdir())) == 1
    gc.collect()
    gc.freeze()  # pages stay shared with what is forked
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a job says itself how it ended
    while True:
        connection, _ = listening.accept()
        if is_safe:
            kernel.fork(partial(_serve_job, listening, connection))
        connection.close()


def _serve_job(listening: socket.socket, connection: socket.socket) -> int:
    """Run a job with the environment, the folder and the streams of whoever asked, and say how it ended."""
    listening.close()
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    tie(signal.SIGTERM)
    # the process of the page waits for its line: nothing of ours is imported yet
    kernel.PREPARED.append(kernel.Child(kernel.drive_line, os.setsid, signal.SIGTERM))
    data, streams, _, _ = socket.recv_fds(connection, PIECE, 2)
    request = json.loads(data if data.endswith(b"\n") else data + connection.makefile("rb").readline())
    for given, own in zip(streams, (1, 2), strict=True):
        os.dup2(given, own)
        os.close(given)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    from reread.book.running import job

    connection.sendall(STARTED)
    threading.Thread(target=_end_without, args=(connection,), daemon=True).start()
    code = job.main(request["arguments"])
    connection.sendall(bytes([code]))
    return code


def _end_without(connection: socket.socket) -> None:
    """End this process, cleaning up, once whoever asked for it has gone."""
    connection.recv(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _serve_family(name: str, libraries: list[str], listening: dict[str, socket.socket]) -> int:
    """Be the server of a framework."""
    tie(signal.SIGTERM)
    own = listening.pop(name)
    for other in listening.values():
        other.close()
    kernel.preload(tuple(libraries))
    serve(own)
    return 1


if __name__ == "__main__":
    tie(signal.SIGTERM, int(sys.argv[3]))
    folder, families = Path(sys.argv[1]), json.loads(sys.argv[2])
    # before anything is imported, so that who comes early waits; the build looks for the last one
    names = (*(families.keys() - {BASE}), BASE)
    sockets = {name: socket.create_server(str(folder / name), family=socket.AF_UNIX) for name in names}
    os.chdir(folder)
    kernel.preload((*kernel.LIBRARIES, *families.pop(BASE)))
    for name, libraries in families.items():
        kernel.fork(partial(_serve_family, name, libraries, sockets))
        sockets.pop(name).close()
    serve(sockets[BASE])
