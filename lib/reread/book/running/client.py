"""Have the server of a build fork a job, and end as it ends: ``python -I -S client.py PROFILE PAGE THREADS``.

Where no server answers, the job starts afresh. Only the standard library, and little of it: a build starts
this once for each page.
"""

import json
import os
import socket
import sys


def ask(server, arguments):
    """Send all that a job needs; the connection to it once it has started, or None."""
    cwd = os.path.abspath(".")  # noqa: PTH100 (pathlib costs more than the rest of this file)
    request = {"arguments": arguments, "environment": dict(os.environ), "cwd": cwd}
    data = json.dumps(request).encode() + b"\n"
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(server)
        connection.sendall(data[socket.send_fds(connection, [data], [1, 2]) :])
        return connection if connection.recv(1) else None
    except OSError:
        return None


if __name__ == "__main__":
    job = sys.argv[1:]
    connection = ask(json.loads(os.environ["REREAD_SERVER"])[job[1]], job)
    if connection is None:
        os.execv(sys.executable, [sys.executable, "-u", "-m", "reread.book.running.job", *job])
    sys.exit(next(iter(connection.recv(1)), 7))  # without an answer, it was killed
