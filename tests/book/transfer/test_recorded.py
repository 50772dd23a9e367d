"""Recorded runs come back as they were, and what was altered, outdated or hostile is refused or named."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from reread.book import transfer as recorded
from reread.book.status.staleness import Status
from reread.book.transfer import Found, pack
from reread.core.errors import DataError, RunError
from reread.pages import page, pages
from reread.studies import find

CELLS = "runs/demo/maize/01-cells"


@pytest.fixture
def file(finished) -> Path:
    """The recorded runs of the tiny study."""
    recorded.record_runs("demo")
    return finished / "chapters/maize/recorded/demo.zip"


@pytest.fixture
def forge(file) -> Callable[[dict[str, bytes]], Path]:
    """Rewrite or add members: ``forge({name: bytes})``."""

    def write(changes: dict[str, bytes]) -> Path:
        with zipfile.ZipFile(file) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()} | changes
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
        return file

    return write


def read(into: Path) -> list[Found]:
    shutil.rmtree(into, ignore_errors=True)
    return recorded.recorded_runs(find("maize"), "demo", into, Status())


def refused(into: Path) -> str:
    with pytest.raises(DataError, match="is refused: ") as caught:
        read(into)
    return str(caught.value)


def test_recorded_runs_come_back_in_reading_order_and_fit_today(file, tmp_path):
    found = read(tmp_path / "into")

    assert [one.ref.name for one in found] == [ref.name for ref in pages("demo")]
    assert [one.state.moved for one in found] == [[], [], []]
    assert found[0].record.values["cells"] == 5
    kept = {str(path.relative_to(found[0].folder)) for path in found[0].folder.rglob("*") if path.is_file()}
    assert kept == {
        *("notebook.ipynb", "record.json", "parameters.yml"),
        *("figures/drawn.svg", "figures/drawn.csv", "tables/checks.csv"),
    }


def test_a_round_trip_gives_equal_bytes(file, tmp_path):
    found = read(tmp_path / "into")
    pack(found, tmp_path / "again.zip", recorded.is_left_out)

    assert (tmp_path / "again.zip").read_bytes() == file.read_bytes()


def test_recording_twice_gives_equal_bytes(file):
    before = file.read_bytes()
    recorded.record_runs("demo", "maize")

    assert file.read_bytes() == before


def test_a_page_without_a_finished_run_stops_the_recording(finished):
    (page("maize/02-genes.long").folder / "record.json").unlink()

    with pytest.raises(RunError, match=r"(?s)02-genes\.long  hollow.*reread build --profile demo") as caught:
        recorded.record_runs("demo")

    assert caught.value.exit_code == 9
    assert not (finished / "chapters/maize/recorded").exists()


def test_a_page_that_never_ran_is_left_out_and_named(finished, tmp_path):
    shutil.rmtree(page("maize/02-genes.long").folder)

    said = recorded.record_runs("demo")

    assert "maize: 2 runs" in said
    assert "left out: maize/02-genes.long  never run" in said
    runs = recorded.recorded_runs(find("maize"), "demo", tmp_path, Status())
    assert [run.ref.name for run in runs] == ["maize/01-cells", "maize/02-genes.short"]


def test_a_page_that_did_not_run_here_keeps_its_recorded_run(file):
    before = file.read_bytes()
    shutil.rmtree(page("maize/02-genes.long").folder)

    recorded.record_runs("demo")

    assert file.read_bytes() == before


def test_without_any_run_nothing_is_recorded(tiny):
    with pytest.raises(RunError, match="no page has run"):
        recorded.record_runs("demo")


def test_a_study_that_would_weigh_too_much_is_not_recorded(finished, monkeypatch):
    monkeypatch.setattr(recorded, "LARGEST", 1000)

    with pytest.raises(DataError, match="but 1,000 are the most"):
        recorded.record_runs("demo")

    assert list((finished / "chapters/maize/recorded").iterdir()) == []


def test_a_study_without_recorded_runs_has_none(finished, tmp_path):
    assert read(tmp_path / "into") == []


def test_a_run_of_other_code_is_kept_with_the_fields_that_moved(file, finished, tmp_path):
    study = finished / "chapters/maize/study.yml"
    study.write_text(study.read_text().replace("set: {ways: mean sum}", "set: {ways: mean}"))

    assert [one.state.moved for one in read(tmp_path / "into")] == [[], [], ["parameter ways"]]


@pytest.mark.parametrize("name", ["notebook.ipynb", "record.json", "parameters.yml", "figures/drawn.svg"])
def test_an_altered_member_is_refused_by_name(forge, tmp_path, name):
    with zipfile.ZipFile(forge({})) as archive:
        content = archive.read(f"{CELLS}/{name}")
    altered = content[:-2] + b" \n"
    forge({f"{CELLS}/{name}": altered if altered != content else content + b" "})

    assert "maize/01-cells" in (said := refused(tmp_path / "into"))
    assert name in said


def test_a_value_altered_in_the_record_is_refused(forge, tmp_path):
    with zipfile.ZipFile(forge({})) as archive:
        content = archive.read(f"{CELLS}/record.json").replace(b'"cells": 5', b'"cells": 6')
    forge({f"{CELLS}/record.json": content})

    assert "maize/01-cells was altered: values in record.json" in refused(tmp_path / "into")


@pytest.mark.parametrize(
    "name",
    ["../x", "/x", f"{CELLS}/../../../../x", f"{CELLS}/other/x", "runs/demo/maize/record.json"],
)
def test_a_member_that_would_land_elsewhere_is_refused(forge, tmp_path, name):
    forge({name: b"x"})

    assert "is no place for a file of a run" in refused(tmp_path / "into")


def test_a_figure_that_the_run_did_not_leave_is_refused(forge, tmp_path):
    forge({f"{CELLS}/figures/more.svg": b"<svg/>"})

    assert "maize/01-cells was altered: figures/more.svg was added" in refused(tmp_path / "into")


def test_more_than_a_book_can_hold_is_refused_before_it_is_unpacked(forge, tmp_path, monkeypatch):
    forge({f"{CELLS}/figures/drawn.svg": b"0" * 10_000})
    monkeypatch.setattr(recorded, "LARGEST_CONTENT", 9_000)

    assert "bytes, but 9,000 are the most" in refused(tmp_path / "into")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + bytes(99)])
def test_a_file_that_is_no_zip_is_refused(file, tmp_path, content):
    file.write_bytes(content)

    assert "it is no zip file, or damaged" in refused(tmp_path / "into")


def test_outdated_recorded_runs_are_named_with_what_moved(file, finished):
    assert recorded.outdated(Status()) == []
    study = finished / "chapters/maize/study.yml"
    study.write_text(study.read_text().replace("set: {ways: mean sum}", "set: {ways: mean}"))

    assert recorded.outdated(Status()) == ["maize/02-genes.long (demo)  parameter ways"]
    file.write_bytes(b"no zip")
    assert "it is no zip file, or damaged" in recorded.outdated(Status(), "maize")[0]
