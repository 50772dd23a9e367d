"""What is known of a file: the record, its faults by line, and pins of first use."""

from __future__ import annotations

import csv
import errno
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from reread import studies
from reread.core.data import datasets, registry
from reread.core.errors import DataError, ParameterError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def ours(monkeypatch) -> dict[str, datasets.Dataset]:
    """The registry of this checkout."""
    monkeypatch.setenv("REREAD_HOME", str(ROOT))
    return datasets.datasets()


def test_the_registry_agrees_with_the_list_of_the_published_files(ours, mirror):
    with (mirror / "MANIFEST.tsv").open(newline="") as stream:
        listed = {row["path"]: row for row in csv.DictReader(stream, delimiter="\t")}

    pinned = {key: dataset for key, dataset in ours.items() if dataset.sha256}
    for key, dataset in pinned.items():
        row = listed[dataset.file]
        recorded = (str(dataset.bytes), dataset.sha256, dataset.licence)
        assert recorded == (row["bytes"], row["sha256"], row["licence"]), key
        is_derived = row["origin"].startswith("derived")  # nowhere to download it from, and it says so
        if row["origin"].startswith("https://"):
            assert dataset.url == row["origin"], key
        else:  # a place in words: the file is derived, or its address follows a newest version
            assert dataset.needs_application if is_derived else dataset.caveat, key
    known = {dataset.file for dataset in ours.values()}
    studies_here = tuple(f"{study.key}/" for study in studies.every())
    assert {path for path in listed if path.startswith(studies_here)} <= known


def test_every_recorded_file_of_the_mirror_is_what_the_record_says(ours, mirror, monkeypatch):
    monkeypatch.setenv("REREAD_MIRROR", str(mirror))

    assert registry.verify([key for key, dataset in ours.items() if dataset.sha256]) == []


def test_every_download_is_pinned_to_a_commit(ours):
    pinned = [dataset for dataset in ours.values() if dataset.sha256]

    assert pinned
    unpinned = [one for one in pinned if not re.search(r"/[0-9a-f]{40}/", one.url)]
    assert [one.file for one in unpinned if "refused by its SHA-256" not in one.caveat] == []


def test_a_file_that_nobody_has_seen_says_why(ours):
    unseen = [dataset for dataset in ours.values() if not dataset.sha256]

    assert unseen
    assert [one.file for one in unseen if not (one.needs_application or one.caveat)] == []


def test_every_file_that_a_study_names_is_recorded(ours):
    named = {key for study in studies.every() for source in study.sources.values() for key in source.datasets}

    assert named and {one for key in named for one in registry.matching([key])} <= ours.keys()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"licens": "MIT"}, "line 10: maize/pairs.licens: there is no such key. Did you mean 'licence'"),
        ({"sha256": "9f2c"}, "line 6: maize/pairs.sha256"),
        ({"bytes": -1}, "line 5: maize/pairs.bytes"),
        ({"bytes": "many"}, "line 5: maize/pairs.bytes"),
        ({"url": "ftp://example.org/x"}, "line 3: maize/pairs.url"),
        ({"file": "../outside.csv"}, "line 4: maize/pairs.file: must be a path below the data folder"),
        ({"file": "/etc/passwd"}, "line 4: maize/pairs.file: must be a path below the data folder"),
    ],
)
def test_a_fault_of_the_record_names_file_line_and_key(shelf, changes, says):
    shelf.record(**changes)

    with pytest.raises(ParameterError) as error:
        datasets.find(shelf.KEY)

    assert f"datasets.yml, {says}" in str(error.value)


@pytest.mark.parametrize("key", ["mais/pairs", "maize", "maize/Pairs", "maize/../pairs"])
def test_a_key_is_a_study_and_a_name(shelf, key):
    path = shelf.data / "datasets.yml"
    path.write_text(path.read_text().replace(shelf.KEY, key))

    with pytest.raises(ParameterError, match=r"datasets\.yml, line 1"):
        datasets.datasets()


def test_a_duplicate_key_of_the_registry_is_refused(shelf):
    path = shelf.data / "datasets.yml"
    path.write_text(path.read_text() * 2)

    with pytest.raises(ParameterError, match="duplicate key 'maize/pairs'"):
        datasets.datasets()


def test_a_change_of_the_record_is_seen_at_once(shelf):
    before = datasets.find(shelf.KEY).sha256

    shelf.record(sha256=before[::-1])

    assert datasets.find(shelf.KEY).sha256 == before[::-1]


def test_a_study_stands_for_all_its_files_once(shelf):
    assert datasets.matching(["maize", shelf.KEY]) == [shelf.KEY]
    with pytest.raises(ParameterError, match="Did you mean 'maize/pairs'"):
        datasets.matching(["maize/pears"])


def test_a_file_of_unknown_hash_is_pinned_on_first_use_and_another_one_refused(shelf, server):
    shelf.record(f"{server.address}/pairs", sha256="", bytes=0)
    assert registry.pinned(shelf.KEY) == ""
    assert "not pinned yet" not in registry.verify([shelf.KEY])[0], "it is not even at hand"

    path = registry.fetch(shelf.KEY)

    assert registry.pinned(shelf.KEY) == shelf.SHA
    assert registry.used()[0] == {
        "key": shelf.KEY,
        "sha256": shelf.SHA,
        "bytes": len(shelf.GOOD),
        "pinned_on_first_use": True,
    }
    assert registry.fetch(shelf.KEY) == path
    path.unlink()
    server.files["/pairs"] = shelf.GOOD[:-1]
    with pytest.raises(DataError, match="is not the file"):
        registry.fetch(shelf.KEY)
    shelf.put(path, shelf.GOOD[:-1])
    with pytest.raises(DataError, match=r"delete its lines in .*data/datasets\.lock"):
        registry.fetch(shelf.KEY)


def test_a_file_that_is_not_pinned_does_not_pass_verification(shelf):
    shelf.record(sha256="", bytes=0)
    shelf.put(shelf.here)

    assert "not pinned yet" in registry.verify([shelf.KEY])[0]


def test_pins_of_two_processes_are_both_kept(shelf):
    code = (
        "import sys\n"
        "from reread.core.data import datasets\n"
        "print('ready', flush=True), sys.stdin.readline()\n"
        "for n in range(20): datasets.pin_first_use(f'{sys.argv[1]}-{n}', datasets.Pin('0' * 64, n))"
    )
    names, pipe = ["maize/one", "maize/two"], subprocess.PIPE
    both = [subprocess.Popen([sys.executable, "-c", code, name], stdin=pipe, stdout=pipe) for name in names]
    assert [process.stdout.readline() for process in both] == [b"ready\n"] * 2

    for process in both:
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in both:
        process.communicate(timeout=60)

    assert [process.returncode for process in both] == [0, 0]
    pins = yaml.safe_load((shelf.data / "datasets.lock").read_text())
    assert pins.keys() == {f"{name}-{n}" for name in names for n in range(20)}


def test_the_pin_of_the_faster_process_holds(shelf):
    first, second = datasets.Pin("0" * 64, 5), datasets.Pin("1" * 64, 5)

    datasets.pin_first_use(shelf.KEY, first)

    assert datasets.pin_first_use(shelf.KEY, second) == first


@pytest.mark.parametrize("text", ["- a\n", "maize/pairs: 0123\n", "maize/pairs: {sha256: a}\n", "a: [\n"])
def test_a_damaged_file_of_pins_is_named(shelf, text):
    shelf.record(sha256="")
    shelf.put(shelf.data / "datasets.lock", text.encode())

    with pytest.raises(DataError, match=r"datasets\.lock must hold sha256 and bytes"):
        registry.pinned(shelf.KEY)


def test_a_pin_that_cannot_be_written_is_said(shelf, monkeypatch):
    def refuse(self, target):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "replace", refuse)

    with pytest.raises(DataError, match=r"(?s)must be pinned in .*Read-only.*add its sha256 \(0000"):
        datasets.pin_first_use(shelf.KEY, datasets.Pin("0" * 64, 5))


def write_series(tiny: Path, **changes) -> None:
    shared = {"title": "Plants", "licence": "CC0", "cite": "nobody", "holds": "heights"}
    shared |= {"url": "https://example.invalid/{member}.csv", "file": "maize/{member}.csv"}
    pins = {name: {"bytes": size, "sha256": f"{size}" * 64} for name, size in (("SRR1", 3), ("SRR2", 4))}
    text = yaml.safe_dump({"maize/plants": shared | {"members": pins} | changes})
    (tiny / "data/datasets.yml").write_text(text)


def test_a_series_is_a_file_for_each_member(tiny):
    write_series(tiny)

    second = registry.find("maize/plants/srr2")

    assert registry.matching(["maize/plants"]) == ["maize/plants/srr1", "maize/plants/srr2"]
    assert (second.url, second.file) == ("https://example.invalid/SRR2.csv", "maize/SRR2.csv")
    assert (second.bytes, second.sha256, second.series) == (4, "4" * 64, "maize/plants")
    assert [len(files) for files in registry.by_series(registry.datasets()).values()] == [2]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"members": {}}, "members of maize/plants must map"),
        ({"members": ["SRR1"]}, "members of maize/plants must map"),
        ({"file": "maize/one.csv"}, "file of the series maize/plants must hold {member}"),
        ({"members": {"SRR1": {"bytes": 3, "sha": "3"}}}, "maize/plants/srr1.sha"),
    ],
)
def test_a_wrong_series_is_refused(tiny, changes, says):
    write_series(tiny, **changes)

    with pytest.raises(ParameterError, match=re.escape(says)):
        registry.datasets()
