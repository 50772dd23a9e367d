"""What two runs differ in, on records made by hand and on real ones."""

from __future__ import annotations

import json
import shutil

import pytest
from reread.book.status import difference
from reread.book.status.difference import Change
from reread.book.status.run_record import NAME, AlteredRunError, RunRecord
from reread.book.transfer import record_runs
from reread.core.errors import ParameterError
from reread.core.files import read_json, write_json
from reread.pages import page

CELLS = "maize/01-cells"


@pytest.fixture
def other(finished, tmp_path):
    """A copy of the run of 01-cells, with fields of its record changed: ``other(scope="own")``."""

    def make(**changes):
        folder = tmp_path / "other"
        shutil.copytree(page(CELLS).folder, folder)
        content = read_json(folder / NAME)
        for name, value in changes.items():
            content[name] = content[name] | value if isinstance(value, dict) else value
        RunRecord.seal(folder, content)
        return folder

    return make


def test_equal_runs_do_not_differ(finished, other):
    found = difference.compare(CELLS, str(other()))

    assert not any((found.parameters, found.values, found.verdicts, found.fields))
    assert found.text().endswith("The two runs are equal.")


def test_parameters_values_checks_and_fields_are_told_apart(finished, other):
    stale = read_json(page(CELLS).folder / NAME)["stale"]
    fields = stale["fields"] | {"lock": "0" * 64, "parameter n": "4"}

    folder = other(values={"cells": 4, "mean": None}, no_number={"mean": "infinite"},
                   parameters={"n": 4}, stale=stale | {"fields": fields})  # fmt: skip
    found = difference.compare(CELLS, str(folder))

    assert found.parameters == (("n", 5, 4),)
    assert found.verdicts == (("m1", "passed", "failed"),)
    assert found.fields == ("lock",)
    assert [row.name for row in found.values] == ["cells", "mean"]
    assert found.values[0].absolute == -1
    assert found.values[0].relative == pytest.approx(-0.2)
    shown = json.loads(found.as_json())["values"]
    assert shown[0] == {"name": "cells", "a": 5, "b": 4, "absolute": -1, "relative": -0.2}
    assert shown[1]["b"] is None and shown[1]["relative"] is None


def test_the_largest_relative_change_comes_first_and_what_was_not_measured_last():
    rows = [Change("gone", 1.0, None), Change("small", 100, 101), Change("from-zero", 0, 0.1),
            Change("large", 1, 3), Change("word", "up", "down")]  # fmt: skip

    assert [row.name for row in difference._largest_first(rows)] == [
        *("from-zero", "word", "large", "small", "gone")
    ]
    assert Change("from-zero", 0, 0.1).cells() == ("from-zero", "0", "0.1", "+0.1", "")


def test_only_what_is_off_by_more_than_allowed_has_moved(finished):
    ref = page(CELLS)
    values = {"cells": 5, "mean": 0.1, "own": 1.0}
    assert difference.moved(ref, values)[1].startswith("There is no reference of maize/01-cells in demo")

    reference = {"tolerances": [{"pattern": "mean", "absolute": 0.05, "why": "a test"}],
                 "pages": {"01-cells": {"cells": 4, "mean": 0.14}}}  # fmt: skip
    write_json(finished / "chapters/maize/reference/demo.json", reference)

    rows, said = difference.moved(ref, values)
    assert rows == [("cells", 4, 5)]
    assert said == (
        "1 of 2 values differ from the reference of demo beyond tolerance. "
        "Values measured in one of the two only: 1."
    )


@pytest.mark.parametrize("name", ["01-cell", "maize/01-cells/x", "custom/maize/01-cells-00000000", "nowhere"])
def test_a_run_that_is_not_there_is_refused(finished, name):
    with pytest.raises(ParameterError):
        difference.find_run(name)


def test_a_recorded_run_stands_in_where_there_is_none_here(finished, other):
    folder = other(values={"cells": 4})
    record_runs("demo", "maize")
    shutil.rmtree(finished / "runs")

    found = difference.compare(CELLS, str(folder))

    assert found.runs[0] == "recorded run of maize/01-cells (demo)"
    assert [row.name for row in found.values] == ["cells"]


def test_a_run_that_was_altered_is_refused(finished, other):
    folder = other()
    (folder / "artifacts/drawn.csv").write_text("1\n")

    with pytest.raises(AlteredRunError):
        difference.compare(CELLS, str(folder))
