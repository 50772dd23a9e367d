"""A file is found here, in a mirror or by download from a real server, and never read unverified."""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
from urllib.parse import quote

import pytest
from reread.core.data import download, registry
from reread.core.errors import DataError, ParameterError


def test_a_file_is_downloaded_once_and_its_licence_shown_before(shelf, server, capsys):
    shelf.record(f"{server.address}/pairs")

    path = registry.fetch(shelf.KEY)

    assert (path, path.read_bytes()) == (shelf.here, shelf.GOOD)
    assert "CC0 of the maize pairs" in capsys.readouterr().err
    assert registry.fetch(shelf.KEY) == path
    assert server.asked == ["/pairs"]
    assert capsys.readouterr().err == ""


def test_a_fetched_file_is_logged_with_its_digest(shelf):
    shelf.put(shelf.here)

    registry.fetch(shelf.KEY)

    wanted = {"key": shelf.KEY, "sha256": shelf.SHA, "bytes": len(shelf.GOOD), "pinned_on_first_use": False}
    assert registry.used() == [wanted]
    registry.forget_used()
    assert registry.used() == []


@pytest.mark.parametrize("spelling", ["{}", "file://{}", "file://localhost{}"])
def test_a_file_of_the_mirror_is_used_where_it_lies(shelf, tmp_path, monkeypatch, spelling):
    there = shelf.put(tmp_path / "mirror of mine" / shelf.FILE)
    folder = str(tmp_path / "mirror of mine")
    if spelling != "{}":
        folder = quote(folder)
    monkeypatch.setenv("REREAD_MIRROR", spelling.format(folder))

    assert registry.fetch(shelf.KEY) == there
    assert registry.state(shelf.KEY) == "mirror"
    assert shelf.files() == []


def test_a_gzipped_file_of_the_mirror_is_unpacked_and_checked_after_that(shelf, tmp_path, monkeypatch):
    shelf.put(tmp_path / "mirror" / f"{shelf.FILE}.gz", gzip.compress(shelf.GOOD))
    monkeypatch.setenv("REREAD_MIRROR", str(tmp_path / "mirror"))

    assert registry.verify([shelf.KEY]) == []
    assert shelf.files() == [], "verify writes nothing"
    assert registry.fetch(shelf.KEY) == shelf.here
    assert shelf.here.read_bytes() == shelf.GOOD
    assert registry.state(shelf.KEY) == "here"


def test_a_file_that_is_gzip_by_itself_is_not_unpacked(shelf, tmp_path, monkeypatch):
    packed = gzip.compress(shelf.GOOD, mtime=0)
    digest = hashlib.sha256(packed).hexdigest()
    shelf.record(file="maize/calls.vcf.gz", bytes=len(packed), sha256=digest)
    there = shelf.put(tmp_path / "mirror/maize/calls.vcf.gz", packed)
    monkeypatch.setenv("REREAD_MIRROR", str(tmp_path / "mirror"))

    assert registry.fetch(shelf.KEY) == there


def test_the_folder_beside_the_checkout_is_the_mirror_of_default(shelf, tmp_path):
    there = shelf.put(tmp_path / "shared/data" / shelf.FILE)

    assert registry.fetch(shelf.KEY) == there


def test_what_the_mirror_lacks_is_downloaded(shelf, server, tmp_path, monkeypatch):
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv("REREAD_MIRROR", str(tmp_path / "mirror"))
    shelf.record(f"{server.address}/pairs")

    assert registry.fetch(shelf.KEY).read_bytes() == shelf.GOOD


def test_two_processes_that_fetch_at_once_both_end_with_the_good_file(shelf, server):
    shelf.record(f"{server.address}/pairs")
    code = f"from reread.core.data import registry; print(registry.fetch({shelf.KEY!r}).stat().st_size)"

    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]

    assert said == [f"{len(shelf.GOOD)}\n".encode()] * 2
    assert shelf.files() == [shelf.FILE]


@pytest.mark.parametrize("fault", ["truncated", "altered", "empty"])
@pytest.mark.parametrize("place", ["here", "mirror", "packed", "server"])
def test_another_file_is_refused_with_both_digests(shelf, server, tmp_path, monkeypatch, place, fault):
    altered = shelf.GOOD.replace(b"Klf1", b"Klf2", 1)
    body = {"truncated": shelf.GOOD[:-40], "altered": altered, "empty": b""}[fault]
    monkeypatch.setenv("REREAD_MIRROR", str(tmp_path))
    shelf.record(f"{server.address}/pairs")
    server.files["/pairs"] = body
    if place != "server":
        folder = shelf.data if place == "here" else tmp_path
        name = f"{shelf.FILE}.gz" if place == "packed" else shelf.FILE
        shelf.put(folder / name, gzip.compress(body) if place == "packed" else body)
    before = shelf.files()

    with pytest.raises(DataError) as error:
        registry.fetch(shelf.KEY)

    text = str(error.value)
    found = hashlib.sha256(body).hexdigest()
    assert shelf.SHA[:12] in text and found[:12] in text
    assert f"{len(shelf.GOOD):,} bytes" in text and f"{len(body):,} bytes" in text
    assert error.value.exit_code == 3
    assert shelf.files() == before, "the good file is never made, the bad one never lost"
    assert registry.used() == []


def test_content_altered_under_the_old_time_and_size_is_noticed(shelf):
    path = shelf.put(shelf.here)
    registry.fetch(shelf.KEY)
    stat = path.stat()

    path.write_bytes(shelf.GOOD.replace(b"Klf1", b"Klf2", 1))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    with pytest.raises(DataError, match="is not the file"):
        registry.fetch(shelf.KEY)


def test_a_large_file_is_hashed_again_only_when_it_was_touched(shelf, monkeypatch):
    path = shelf.put(shelf.here)
    hashed = []
    content = download.content
    monkeypatch.setattr(registry, "ALWAYS_HASHED", 10)
    monkeypatch.setattr(download, "content", lambda path, **how: hashed.append(path) or content(path, **how))

    registry.fetch(shelf.KEY)
    registry.fetch(shelf.KEY)
    assert hashed == [path]
    assert registry.verify([shelf.KEY]) == []
    assert hashed == [path, path], "verify never trusts the memory"
    path.write_bytes(shelf.GOOD.replace(b"Klf1", b"Klf2", 1))
    with pytest.raises(DataError, match="is not the file"):
        registry.fetch(shelf.KEY)


def test_a_torn_memory_of_hashes_only_costs_time(shelf, monkeypatch):
    shelf.put(shelf.here)
    monkeypatch.setattr(registry, "ALWAYS_HASHED", 10)
    shelf.put(shelf.data.parent / ".reread/verified.json", b'{"torn')

    assert registry.fetch(shelf.KEY).read_bytes() == shelf.GOOD


def test_a_misspelt_key_is_refused_with_the_nearest(shelf):
    for ask in (
        registry.fetch,
        registry.where,
        registry.pinned,
        registry.state,
        lambda key: registry.verify([key]),
    ):
        with pytest.raises(ParameterError, match="Did you mean 'maize/pairs'"):
            ask("maize/pair")


def test_verifying_nothing_does_not_pass(shelf):
    with pytest.raises(ParameterError, match="Name what to verify"):
        registry.verify([])


def test_verification_names_each_file_that_is_absent_or_wrong(shelf):
    assert registry.verify([shelf.KEY]) == [f"{shelf.KEY} is not at hand. Run:  reread data get {shelf.KEY}"]

    shelf.put(shelf.here, shelf.GOOD[:-1])

    assert shelf.SHA[:12] in registry.verify([shelf.KEY])[0]
    assert registry.used() == [], "verification is no use"
