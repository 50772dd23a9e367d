"""A record is read whole or refused with file, line, key and the nearest right key."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import Field, ValidationError
from reread.core import records
from reread.core.errors import ParameterError
from reread.core.records import Record, read_record


class Leaf(Record):
    """A leaf."""

    width: float
    colour: str = Field(default="green", alias="color")


class Plant(Record):
    """A plant."""

    name: str
    n: int = Field(default=1, ge=0)
    leaves: tuple[Leaf, ...] = ()
    parts: dict[str, Leaf] = {}  # noqa: RUF012 (pydantic copies defaults)
    best: Leaf | None = None


RIGHT = """\
name: maize  # corn
n: 3
leaves:
  - {width: 1.5}
  - width: 2
    color: red
parts:
  stem: {width: 1e-2}
best:
  width: 3
"""


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "plant.yml"
    path.write_text(RIGHT)
    return path


def test_a_right_record_is_read_with_its_defaults(file):
    assert read_record(file, Plant) == Plant(
        name="maize",
        n=3,
        leaves=(Leaf(width=1.5), Leaf(width=2, color="red")),
        parts={"stem": Leaf(width=0.01)},
        best=Leaf(width=3),
    )


def test_a_record_cannot_be_changed(file):
    plant = read_record(file, Plant)

    with pytest.raises(ValidationError):
        plant.n = 4


FAULTS = [
    ("name: maize", "nam: maize", "line 1: nam: there is no such key. Did you mean 'name'?"),
    (
        "n: 3",
        "n: many",
        "line 2: n: Input should be a valid integer, unable to parse string as an integer (came: 'many')",
    ),
    ("n: 3", "n: -1", "line 2: n: Input should be greater than or equal to 0 (came: -1)"),
    ("{width: 1.5}", "{widht: 1.5}", "line 4: leaves.0.widht: there is no such key. Did you mean 'width'?"),
    ("  - {width: 1.5}", "  - {}", "line 4: leaves.0.width: Field required"),
    ("width: 2\n", "width: wide\n", "line 5: leaves.1.width: Input should be a valid number"),
    ("color: red", "colr: red", "line 6: leaves.1.colr: there is no such key. Did you mean 'color'?"),
    (
        "stem: {width: 1e-2}",
        "stem: {with: 1}",
        "line 8: parts.stem.with: there is no such key. Did you mean 'width'?",
    ),
    (
        "best:\n  width: 3",
        "best:\n  widths: 3",
        "line 10: best.widths: there is no such key. Did you mean 'width'?",
    ),
    ("parts:\n  stem", "parts:\n  - stem", "line 7: parts: Input should be a valid dictionary"),
]


@pytest.mark.parametrize(("right", "wrong", "says"), FAULTS)
def test_a_fault_names_file_line_and_key(file, right, wrong, says):
    assert RIGHT.count(right) == 1
    file.write_text(RIGHT.replace(right, wrong))

    with pytest.raises(ParameterError) as caught:
        read_record(file, Plant)

    assert f"{file}, {says}" in str(caught.value)


def test_every_fault_has_its_line(file):
    file.write_text("nam: maize\nn: many\n")

    with pytest.raises(ParameterError) as caught:
        read_record(file, Plant)

    said = str(caught.value).splitlines()
    assert sorted(line.split(": ")[0].rpartition("line ")[2] for line in said) == ["1", "1", "2"]


@pytest.mark.parametrize(
    "text",
    [
        "name: a\nname: b\n",
        "name: a\nbest: {width: 1, width: 2}\n",
        "name: a\nleaves: [{width: 1, width: 1}]",
    ],
)
def test_a_duplicate_key_is_refused_at_any_depth(file, text):
    file.write_text(text)

    with pytest.raises(ParameterError, match=r"plant\.yml, line 2: duplicate key '(name|width)'"):
        read_record(file, Plant)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"There is no record .*nowhere\.yml"):
        read_record(tmp_path / "nowhere.yml", Plant)


def test_broken_yaml_says_where(file):
    file.write_text("name: [maize\nn: 3\n")

    with pytest.raises(ParameterError, match=r"(?s)plant\.yml cannot be read: .*line 2"):
        read_record(file, Plant)


def test_an_alias_is_read_as_what_it_stands_for(file):
    file.write_text("name: maize\nparts: {stem: &leaf {width: 1.5}, root: *leaf}\n")

    parts = read_record(file, Plant).parts

    assert parts["stem"] == parts["root"] == Leaf(width=1.5)


def test_a_small_number_of_json_is_a_number(tmp_path):
    """YAML reads ``1e-06``, as JSON writes it, as a word."""
    (tmp_path / "plant.json").write_text('{"name": "maize", "leaves": [{"width": 1e-06}]}')

    assert read_record(tmp_path / "plant.json", Plant).leaves[0].width == 1e-06


def test_a_fault_of_json_has_its_line(tmp_path):
    (tmp_path / "plant.json").write_text('{\n "name": "maize",\n "leaves": [\n  {"widht": 1}\n ]\n}\n')

    with pytest.raises(ParameterError, match=r"plant\.json, line 4: leaves\.0\.widht"):
        read_record(tmp_path / "plant.json", Plant)


@pytest.mark.parametrize("text", ['{"name": "maize"', "name: maize", "{'name': 'maize'}"])
def test_what_is_no_json_is_refused(tmp_path, text):
    (tmp_path / "plant.json").write_text(text)

    with pytest.raises(ParameterError, match=r"plant\.json cannot be read"):
        read_record(tmp_path / "plant.json", Plant)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("010", 10),
        ("-7", -7),
        ("1:30", "1:30"),
        ("no", "no"),
        ("on", "on"),
        ("2026-13-45", "2026-13-45"),
        ("2026-01-05", "2026-01-05"),
        ("0x_", "0x_"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1e-06", 1e-06),
        ("1.5", 1.5),
        (".5", 0.5),
        ("true", True),
        ("null", None),
        ("", None),
    ],
)
def test_a_scalar_of_a_record_is_what_a_reader_takes_it_for(text, value):
    loaded = yaml.load(f"a: {text}\n", Loader=records.Loader)

    assert (loaded["a"], type(loaded["a"])) == (value, type(value))
