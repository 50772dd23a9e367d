"""Ask a server for a process and end as it ends: ``python -I -S client.py SERVER ARGUMENT...``.

Only the standard library, and little of it: a build starts this once for each page.
"""

import json
import os
import socket
import sys


def ask(server, request, streams):
    """Send a request with the streams of the new process; the connection ends with that process."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(server)
    data = json.dumps(request).encode() + b"\n"
    sent = socket.send_fds(connection, [data], streams)
    if data[sent:]:  # nothing is refused too by a server that has answered and gone
        connection.sendall(data[sent:])
    return connection


if __name__ == "__main__":
    request = {"task": "job", "arguments": sys.argv[2:], "environment": dict(os.environ), "cwd": "."}
    request["cwd"] = os.path.abspath(".")  # noqa: PTH100 (pathlib costs more than the rest of this file)
    code = 7  # no answer: the process was killed
    with ask(sys.argv[1], request, [1, 2]).makefile(encoding="utf-8") as answers:
        for answer in map(json.loads, answers):
            code = answer.get("code", code)
    sys.exit(code if code >= 0 else 7)
