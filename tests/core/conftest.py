"""A checkout with a registry of one file, and a server on this machine that gives it out."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from reread.core.data import download, registry


class Shelf:
    """A checkout whose registry knows one file, which is not there yet."""

    GOOD = b"tf,gene\n" + b"Gata1,Klf1\n" * 700
    SHA = hashlib.sha256(GOOD).hexdigest()
    KEY, FILE = "maize/pairs", "maize/pairs.csv"

    def __init__(self, root: Path):
        self.data, self.here = root / "data", root / "data" / self.FILE

    def record(self, url: str = "http://127.0.0.1:9/pairs", **changes: object) -> None:
        """Write the registry anew; nobody answers at port 9."""
        entry = {"title": "Pairs", "url": url, "file": self.FILE, "bytes": len(self.GOOD), "sha256": self.SHA}
        entry |= {"licence": "CC0 of the maize pairs", "cite": "nobody", "holds": "700 pairs"} | changes
        lines = [f"  {name}: {value!r}" for name, value in entry.items()]
        self.put(self.data / "datasets.yml", "\n".join([f"{self.KEY}:", *lines, ""]).encode())

    def put(self, path: Path, body: bytes = GOOD) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return path

    def files(self) -> list[str]:
        """Everything in the data folder but the registry itself; half-written files as well."""
        found = [path.relative_to(self.data) for path in self.data.rglob("*") if path.is_file()]
        return sorted(str(path) for path in found if "datasets." not in path.name)


@pytest.fixture
def shelf(tmp_path, monkeypatch) -> Shelf:
    for name in ("REREAD_MIRROR", "REREAD_DATA", "REREAD_STATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REREAD_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(download, "RETRIES", 0)
    registry.forget_used()
    shelf = Shelf(tmp_path / "home")
    shelf.record()
    return shelf


class _Answer(BaseHTTPRequestHandler):
    """Answer every path with what the test put there; ``/cut`` promises more than it sends.

    ``/half`` sends the rest from the byte asked for, and breaks off at the bytes in ``ends``, one for each
    answer; ``/whole`` breaks off too, but knows no ranges.
    """

    def do_GET(self) -> None:
        body = self.server.files.get(self.path)
        self.server.asked.append(self.path)
        if body is None:
            self.send_error(404)
            return
        start = int(self.headers.get("Range", "bytes=0-")[6:-1]) if self.path == "/half" else 0
        self.server.starts.append(start)
        self.send_response(self.server.codes.get(self.path, 206 if start else 200))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str((len(body) - start) * (2 if self.path == "/cut" else 1)))
        self.end_headers()
        breaks = self.path in ("/half", "/whole") and self.server.ends
        self.wfile.write(body[start : self.server.ends.pop(0) if breaks else None])

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def server(monkeypatch) -> Iterator[ThreadingHTTPServer]:
    """A server with ``files`` and ``codes`` by path, a log of what was ``asked``, and its ``address``."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    server.files, server.asked = dict.fromkeys(("/pairs", "/cut", "/half", "/whole"), Shelf.GOOD), []
    server.codes, server.starts, server.ends = {}, [], []
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
