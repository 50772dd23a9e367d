"""Whatever is altered in a run after it ended is seen, named, and mended by the next build."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from reread.book import workflow
from reread.book.status import claims
from reread.book.status.run_record import AlteredRunError, RunRecord, published_schema
from reread.book.status.staleness import Status, admit
from reread.core.errors import RunError
from reread.core.files import digest, read_json
from reread.pages import page, pages

CELLS = "maize/01-cells"
FILES = [
    *("notebook.ipynb", "parameters.yml", "artifacts/drawn.csv", "tables/checks.csv"),
    *(f"figures/drawn.{suffix}" for suffix in ("svg", "png", "csv")),
]


@pytest.fixture
def folder(finished) -> Path:
    """The folder of a finished run, whose page is fresh."""
    assert Status().state(page(CELLS)).word == "fresh"
    return page(CELLS).folder


def fields_of(value: object, path: tuple = ()) -> list[tuple]:
    """Path of every leaf of a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [leaf for key, one in items for leaf in fields_of(one, (*path, key))] or [path]


def other(value: object) -> object:
    """A value of the same kind, or of another where there is no other of that kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return f"{value}0" if isinstance(value, str) else ["0"]


def altered(content: dict, path: tuple) -> dict:
    whole = entry = json.loads(json.dumps(content))
    for key in path[:-1]:
        entry = entry[key]
    entry[path[-1]] = other(entry[path[-1]])
    return whole


def mended(content: dict) -> dict:
    """The same with digests that fit, as somebody writes who knows how they are made."""
    content = {name: value for name, value in content.items() if name != "seal"}
    fields = {name: digest(value) for name, value in content.items()}
    return content | {"seal": {"fields": fields, "digest": digest(fields)}}


def state() -> str:
    return str(Status().state(page(CELLS)))


def test_every_field_of_the_record_is_sealed_and_named(folder):
    content = read_json(folder / "record.json")
    leaves = fields_of(content)
    for path in leaves:
        (folder / "record.json").write_text(json.dumps(altered(content, path)))
        named = {path[0]} if path[0] != "seal" else {"seal", path[2] if len(path) > 2 else "seal"}
        assert state() in {f"altered: {name} in record.json" for name in named}, path

    assert len(leaves) > 60


def test_a_field_that_came_or_went_is_named(folder):
    content = read_json(folder / "record.json")
    for name in content:
        (folder / "record.json").write_text(json.dumps({k: v for k, v in content.items() if k != name}))
        assert "altered: " in state() and (f"{name} in record.json" in state() or name == "seal")
    (folder / "record.json").write_text(json.dumps(content | {"more": 1}))
    assert state() == "altered: more in record.json"


@pytest.mark.parametrize("name", FILES)
def test_every_file_of_a_run_is_sealed_and_named(folder, name):
    path = folder / name
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    assert state() == f"altered: {name}"
    path.unlink()
    assert state() == f"altered: {name} is missing"
    path.symlink_to(folder / "record.json")
    assert state() == f"altered: {name}"
    path.unlink()
    path.write_bytes(before)
    assert state() == "fresh"


@pytest.mark.parametrize("name", ["figures/more.svg", "tables/more.csv", "artifacts/a/b", "more"])
def test_a_file_that_was_added_is_named(folder, name):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("x")

    assert state() == f"altered: {name} was added"


def test_the_list_of_files_covers_all_that_a_run_leaves(folder):
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}

    assert there - {"record.json"} == set(FILES) == RunRecord.read(folder).files.keys()


FORGERIES = {
    "altered: study in record.json": {"study": "lincs"},
    "altered: chapter in record.json": {"chapter": "02-genes"},
    "altered: profile in record.json": {"profile": "real"},
    "altered: page in record.json": {"page": "short"},
    "altered: parameters in record.json": {"parameters": {"n": 6, "rate": 0.5, "is_wet": True, "seed": 0}},
    "altered: stale key in record.json": {"stale": {"key": "0" * 64, "fields": {}}},
    "stale: scope": {"scope": "full"},
    "altered: data in record.json": {
        "data": [{"key": "maize/plants", "sha256": "0" * 64, "bytes": 1, "pinned_on_first_use": False}]
    },
}


@pytest.mark.parametrize("said", FORGERIES)
def test_what_can_be_worked_out_is_not_believed_even_where_digests_fit(folder, said):
    content = read_json(folder / "record.json")
    forged = mended(content | FORGERIES[said])
    (folder / "record.json").write_text(json.dumps(forged))

    assert said in state()


def test_cells_that_differ_from_the_source_are_seen_even_where_digests_fit(folder):
    notebook = read_json(folder / "notebook.ipynb")
    cell = next(cell for cell in notebook["cells"] if "page.measure" in "".join(cell["source"]))
    cell["source"] = "".join(cell["source"]).replace("len(drawn)", "6")
    (folder / "notebook.ipynb").write_text(json.dumps(notebook))
    RunRecord.seal(folder, read_json(folder / "record.json"))

    assert "altered: code cells of notebook.ipynb" in state()


def test_an_altered_run_is_refused_by_the_book_with_the_command_that_mends_it(folder):
    text = (folder / "record.json").read_text()
    (folder / "record.json").write_text(text.replace('"cells": 5', '"cells": 6'))

    with pytest.raises(
        RunError, match=r"(?s)01-cells  altered: values in record\.json.*reread build"
    ) as caught:
        admit("demo")

    assert caught.value.exit_code == 9
    assert claims.checks()[0].outcome == "not measured"


def test_a_build_runs_an_altered_page_again(folder):
    (folder / "figures/drawn.svg").write_text("<svg/>")

    assert [ref.name for ref in workflow.prepare(pages("demo"))] == [CELLS]


def test_nan_is_null_with_its_reason_and_reads_as_nan(folder):
    content = read_json(folder / "record.json")
    RunRecord.seal(folder, content | {"values": {"a": math.nan, "b": -math.inf, "c": 1}})

    held = json.loads((folder / "record.json").read_text(), parse_constant=pytest.fail)
    record = RunRecord.read(folder)

    assert held["values"] == {"a": None, "b": None, "c": 1}
    assert held["no_number"] == {"a": "not a number (NaN)", "b": "infinite and negative"}
    assert math.isnan(record.measured("a")) and record.measured("c") == 1 and record.measured("d") is None


WRONG = [{"values": {"a": None}}, {"values": {}}, {"figures": [{"id": "../a", "label": "a", "caption": ""}]}]


@pytest.mark.parametrize("change", [*WRONG, {"scope": "moon"}, {"artifacts": ["../../secret"]}, {"more": 1}])
def test_a_run_whose_record_is_wrong_is_not_sealed(folder, change):
    with pytest.raises(RunError, match=r"record\.json: ") as caught:
        RunRecord.seal(folder, read_json(folder / "record.json") | change)

    assert caught.value.exit_code == 9


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "[" * 9999])
def test_a_record_that_cannot_be_read_is_no_record(folder, text):
    (folder / "record.json").write_text(text)

    with pytest.raises(RunError, match="cannot be read") as caught:
        RunRecord.read(folder)
    assert not isinstance(caught.value, AlteredRunError)


ROOT = Path(__file__).resolve().parents[3]
PUBLISHED = ROOT / "book/static/record.schema.json"


def test_the_published_schema_is_that_of_the_model():
    assert read_json(PUBLISHED) == json.loads(json.dumps(published_schema())), (
        "run: reread runs schema > book/static/record.schema.json"
    )
    assert {"files", "seal"} <= read_json(PUBLISHED)["properties"].keys()


def test_every_recorded_record_fits_the_published_schema():
    fits, n_records = Draft202012Validator(read_json(PUBLISHED)), 0
    for path in sorted(ROOT.glob("chapters/*/recorded/*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in (one for one in archive.namelist() if one.endswith("/record.json")):
                n_records += 1
                assert [error.message for error in fits.iter_errors(json.loads(archive.read(name)))] == [], (
                    name
                )

    assert n_records > 30


@pytest.mark.parametrize(
    "change",
    [{"seal": None}, {"seal": {"fields": {}, "digest": "abc"}}, {"colour": "red"}, {"files": {"a": "abc"}},
     {"profile": "dmo"}, {"values": {}}, {"values": {"a": [1]}}, {"cost": {"cpu_s": "1"}}],
)  # fmt: skip
def test_the_published_schema_refuses_a_record_that_is_wrong(folder, change):
    fits, record = Draft202012Validator(read_json(PUBLISHED)), read_json(folder / "record.json")

    assert fits.is_valid(record)
    assert not fits.is_valid(record | change)
    assert not fits.is_valid({key: value for key, value in record.items() if key != "files"})
