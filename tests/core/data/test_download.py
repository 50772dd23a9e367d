"""A file that cannot be had: the error says why and what to do, and nothing half-written remains."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from reread.core.data import download, registry
from reread.core.errors import DataError


def test_offline_the_error_says_which_file_how_large_whence_and_how_to_use_a_mirror(shelf):
    with pytest.raises(DataError) as error:
        registry.fetch(shelf.KEY)

    for wanted in (
        shelf.KEY,
        "7,708 bytes",
        "no connection to 127.0.0.1",
        "http://127.0.0.1:9/pairs",
        shelf.FILE,
    ):
        assert wanted in str(error.value)
    assert "set REREAD_MIRROR=<folder>" in str(error.value)
    assert "Max retries" not in str(error.value)
    assert shelf.files() == []


@pytest.mark.parametrize(("path", "says"), [("/none", "answered 404"), ("/cut", "broke off")])
def test_a_server_that_fails_is_named_and_leaves_nothing_but_the_part_of_a_pinned_file(
    shelf, server, path, says
):
    for pin in ({"sha256": "", "bytes": 0}, {}):
        shelf.record(server.address + path, **pin)

        with pytest.raises(DataError, match=f"127.0.0.1 {says}|to 127.0.0.1 {says}"):
            registry.fetch(shelf.KEY)

        assert shelf.files() == (
            [f"maize/.pairs.csv.{shelf.SHA[:12]}.partial"] if path == "/cut" and not pin else []
        )


@pytest.mark.parametrize(("path", "starts"), [("/half", [0, 3072, 5120]), ("/whole", [0, 0, 0])])
@pytest.mark.parametrize("retries", [0, 2])
def test_a_download_that_broke_off_goes_on_where_it_was_if_the_server_can(
    shelf, server, monkeypatch, path, starts, retries
):
    monkeypatch.setattr(download, "RETRIES", retries)
    monkeypatch.setattr(download, "PAUSE_S", 0)
    shelf.record(server.address + path)
    server.ends[:] = [3072, 5120]

    for _ in range(0 if retries else 2):
        with pytest.raises(DataError, match="broke off"):
            registry.fetch(shelf.KEY)
    assert registry.fetch(shelf.KEY).read_bytes() == shelf.GOOD
    assert server.starts == starts
    assert shelf.files() == [shelf.FILE]


def test_two_halves_of_different_files_are_refused_and_the_next_download_starts_from_zero(shelf, server):
    shelf.record(f"{server.address}/half")
    server.ends[:] = [3072]
    server.files["/half"] = b"x" * len(shelf.GOOD)
    with pytest.raises(DataError, match="broke off"):
        registry.fetch(shelf.KEY)
    server.files["/half"] = shelf.GOOD

    with pytest.raises(DataError, match=f"{shelf.KEY} is not the file the book was written with"):
        registry.fetch(shelf.KEY)
    assert shelf.files() == []
    assert registry.fetch(shelf.KEY).read_bytes() == shelf.GOOD
    assert server.starts == [0, 3072, 0]


def test_a_file_without_a_digest_never_goes_on_from_a_part(shelf, server, monkeypatch):
    monkeypatch.setattr(download, "RETRIES", 1)
    monkeypatch.setattr(download, "PAUSE_S", 0)
    shelf.record(f"{server.address}/half", sha256="")
    server.ends[:] = [3072]

    assert registry.fetch(shelf.KEY).read_bytes() == shelf.GOOD
    assert server.starts == [0, 0]


@pytest.mark.parametrize("code", [201, 202, 203, 204, 206])
def test_only_an_answer_of_200_is_taken(shelf, server, code):
    server.codes["/pairs"] = code
    shelf.record(f"{server.address}/pairs", sha256="", bytes=0)

    with pytest.raises(DataError, match=f"answered {code}"):
        registry.fetch(shelf.KEY)

    assert shelf.files() == []
    assert registry.pinned(shelf.KEY) == ""


PACKED = gzip.compress(bytes(range(200)) * 40)
GCT = "maize/a.gctx"
UNPINNABLE = {
    "a web page": ("maize/a.csv", b"<!DOCTYPE html><html>404</html>", "a web page"),
    "a web page for a gzip file": ("maize/a.txt.gz", b"<html>404</html>", "a web page"),
    "a packed web page": ("maize/a.txt.gz", gzip.compress(b"<html>404</html>"), "a web page"),
    "nothing": ("maize/a.csv", b"", "empty"),
    "nothing, packed": ("maize/a.txt.gz", gzip.compress(b""), "empty"),
    "text for a gzip file": ("maize/a.txt.gz", b"run,g1\n", "no .gz file"),
    "text for HDF5": (GCT, b"run,g1\n", "no .gctx file"),
    "gzip bytes for text": ("maize/a.csv", gzip.compress(b"run,g1\n"), "binary"),
    "a workbook for text": ("maize/a.csv", b"PK\x03\x04" + bytes(60), "binary"),
    "a gzip file cut off": (
        "maize/a.txt.gz",
        gzip.compress(bytes(range(250)) * 99)[:-9],
        "damaged or cut off",
    ),
    "a gzip file with an altered byte": (
        *("maize/a.txt.gz", gzip.compress(b"run,g1\n" * 99, mtime=0)[:-8] + bytes(8)),
        "damaged or cut off",
    ),
}


@pytest.mark.parametrize("place", ["server", "here", "mirror"])
@pytest.mark.parametrize("kind", UNPINNABLE)
def test_a_file_without_a_digest_is_pinned_only_in_the_form_of_its_name(
    shelf, server, tmp_path, monkeypatch, kind, place
):
    file, body, says = UNPINNABLE[kind]
    shelf.record(f"{server.address}/pairs", sha256="", bytes=0, file=file)
    server.files["/pairs"] = body
    monkeypatch.setenv("REREAD_MIRROR", str(tmp_path))
    if place != "server":
        shelf.put((shelf.data if place == "here" else tmp_path) / file, body)

    with pytest.raises(DataError, match=f"{shelf.KEY} has no recorded digest.*: it is {says}"):
        registry.fetch(shelf.KEY)

    assert registry.pinned(shelf.KEY) == ""
    assert shelf.files() == ([file] if place == "here" else [])


@pytest.mark.parametrize("place", ["server", "here"])
def test_the_declared_size_is_a_bound(shelf, server, place):
    shelf.record(f"{server.address}/pairs", sha256="", bytes=len(shelf.GOOD) - 1)
    if place == "here":
        shelf.put(shelf.here)

    with pytest.raises(DataError, match=r"more than recorded|larger"):
        registry.fetch(shelf.KEY)

    assert registry.pinned(shelf.KEY) == ""


@pytest.mark.parametrize("place", ["server", "here", "mirror"])
def test_the_lock_is_named_when_another_file_comes_than_the_first(
    shelf, server, tmp_path, monkeypatch, place
):
    shelf.record(f"{server.address}/pairs", sha256="", bytes=0)
    monkeypatch.setenv("REREAD_MIRROR", str(tmp_path))
    shelf.put(shelf.here, b"first\n")
    registry.fetch(shelf.KEY)
    shelf.here.unlink()
    if place != "server":
        shelf.put((shelf.data if place == "here" else tmp_path) / shelf.FILE)

    with pytest.raises(DataError) as error:
        registry.fetch(shelf.KEY)

    assert "is not the file that was used here first" in str(error.value)
    assert f"delete its lines in {shelf.data / 'datasets.lock'}" in str(error.value)
    assert "Delete it" not in str(error.value)


def test_a_failed_connection_is_tried_again(shelf, server, monkeypatch):
    monkeypatch.setattr(download, "RETRIES", 1)
    shelf.record(f"{server.address}/cut")

    with pytest.raises(DataError, match="broke off"):
        registry.fetch(shelf.KEY)

    assert server.asked == ["/cut", "/cut"]


@pytest.mark.parametrize("body", [PACKED[:-30], b"no gzip", PACKED[:30] + b"\xff" * 80])
def test_a_broken_gzip_file_is_named(shelf, tmp_path, monkeypatch, body):
    packed = shelf.put(tmp_path / "mirror" / f"{shelf.FILE}.gz", body)
    monkeypatch.setenv("REREAD_MIRROR", str(tmp_path / "mirror"))

    with pytest.raises(DataError, match=f"{packed} is cut off or no gzip file"):
        registry.fetch(shelf.KEY)

    assert shelf.files() == []
    assert str(packed) in registry.verify([shelf.KEY])[0]


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A real file system of 64 KiB, where the machine lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if (
        os.geteuid()
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True
        ).returncode
    ):
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("announced", [200_000, 0], ids=["announced", "unannounced"])
def test_a_full_disk_is_said_and_left_clean(shelf, server, small_disk, monkeypatch, announced):
    body = bytes(200_000)
    server.files["/pairs"] = body
    shelf.record(
        f"{server.address}/pairs",
        bytes=announced,
        sha256=hashlib.sha256(body).hexdigest() if announced else "",
    )
    monkeypatch.setenv("REREAD_DATA", str(small_disk))

    with pytest.raises(DataError, match=r"(?s)No space left on device.*Make room there, or set REREAD_DATA"):
        registry.fetch(shelf.KEY)

    assert [path for path in small_disk.rglob("*") if path.is_file()] == []
    assert server.asked == ([] if announced else ["/pairs"]), "a file that cannot fit is not asked for"


def test_a_read_only_disk_is_said_and_what_lies_there_still_read(shelf, server, small_disk, monkeypatch):
    shelf.put(small_disk / shelf.FILE)
    shelf.record(f"{server.address}/pairs")
    monkeypatch.setenv("REREAD_DATA", str(small_disk))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    assert registry.fetch(shelf.KEY) == small_disk / shelf.FILE
    shelf.record(f"{server.address}/pairs", file="maize/other.csv")
    with pytest.raises(DataError, match=r"(?s)Read-only file system.*Make the folder writable"):
        registry.fetch(shelf.KEY)


@pytest.mark.parametrize(("number", "says"), [(errno.ENOSPC, "Make room"), (errno.EACCES, "writable")])
def test_a_disk_that_refuses_while_writing_leaves_nothing(shelf, server, monkeypatch, number, says):
    shelf.record(f"{server.address}/pairs")

    def refuse(self, target):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(DataError, match=rf"(?s){os.strerror(number)}.*{says}"):
        registry.fetch(shelf.KEY)

    assert shelf.files() == []


def test_an_interrupted_download_leaves_nothing_and_the_next_one_works(shelf, server, monkeypatch):
    shelf.record(f"{server.address}/pairs")
    with monkeypatch.context() as patch:
        patch.setattr(download, "content", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            registry.fetch(shelf.KEY)

    assert shelf.files() == []
    assert registry.fetch(shelf.KEY).read_bytes() == shelf.GOOD


def test_what_a_killed_download_left_is_swept_but_not_what_another_writes_now(shelf, server):
    shelf.record(f"{server.address}/pairs")
    old, young = (
        shelf.put(shelf.data / "maize" / f".pairs.csv.{name}.part", b"half") for name in ("old", "young")
    )
    os.utime(old, (0, 0))

    registry.fetch(shelf.KEY)

    assert shelf.files() == [str(young.relative_to(shelf.data)), shelf.FILE]


def test_a_file_that_cannot_be_read_is_named(shelf, monkeypatch):
    path = shelf.put(shelf.here)
    monkeypatch.setattr(
        download, "content", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error"))
    )

    with pytest.raises(DataError, match=f"{path} cannot be read: Input/output error"):
        registry.fetch(shelf.KEY)


def test_a_file_on_application_says_where_to_apply_and_where_to_put_it(shelf):
    shelf.record(needs_application="https://apply.example/form")

    with pytest.raises(DataError) as error:
        registry.fetch(shelf.KEY)

    assert "https://apply.example/form" in str(error.value)
    assert str(shelf.here) in str(error.value)
    shelf.put(shelf.here)
    assert registry.fetch(shelf.KEY).read_bytes() == shelf.GOOD
