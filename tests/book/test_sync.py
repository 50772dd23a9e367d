from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from reread.book.status import fingerprint as closure
from reread.book.sync import parameter_cell, sync
from reread.core.errors import ParameterError
from reread.studies import find

CELLS = "chapters/maize/01-cells.ipynb"
GENES = "chapters/maize/02-genes.ipynb"
WANTED = """\
n: int = 5  # how many are drawn, cells
rate: float = 0.5  # how fast they grow
is_wet: bool = True  # whether it rains
seed: int = 0  # seed of everything random"""


@pytest.fixture
def synced(tiny) -> Path:
    sync()
    return tiny


def change(path: Path, **changes) -> None:
    """Change the cell tagged ``parameters``."""
    whole = json.loads(path.read_text())
    next(cell for cell in whole["cells"] if cell["id"] == "parameters").update(changes)
    path.write_text(json.dumps(whole))


def cell_of(path: Path) -> str:
    whole = json.loads(path.read_text())
    return "".join(next(cell for cell in whole["cells"] if cell["id"] == "parameters")["source"])


def test_the_cell_has_a_line_for_each_parameter_with_unit_and_choices(tiny):
    assert parameter_cell(find("maize").chapter("01-cells")) == WANTED
    assert parameter_cell(find("maize").chapter("02-genes")).splitlines() == [
        'source: str = "planted"  # where plants come from (planted, field)',
        'ways: str = "sum mean"  # how they are counted (sum, mean)',
    ]


def test_papermill_reads_every_line(synced):
    from papermill import inspect_notebook

    for chapter in find("maize").chapters:
        seen = inspect_notebook(str(synced / f"chapters/maize/{chapter.key}.ipynb"))

        assert list(seen) == list(chapter.parameters)
        kinds = {one["inferred_type_name"] for one in seen.values()}
        assert kinds <= {"int", "float", "bool", "str"}
        assert all(one["help"] for one in seen.values())


def test_a_whole_number_of_a_float_is_written_as_a_float(tiny):
    record = tiny / "chapters/maize/study.yml"
    record.write_text(record.read_text().replace("demo: 0.5", "demo: 2"))

    assert "rate: float = 2.0  #" in parameter_cell(find("maize").chapter("01-cells"))


def test_an_apostrophe_in_the_help_survives(tiny):
    record = tiny / "chapters/maize/study.yml"
    record.write_text(
        record.read_text().replace("help: how they are counted", 'help: "the field\'s own way"')
    )

    assert "# the field's own way (" in parameter_cell(find("maize").chapter("02-genes"))


def test_what_is_synced_stays_as_it_is(synced):
    before = (synced / CELLS).read_bytes()

    assert sync() == []
    assert (synced / CELLS).read_bytes() == before


def test_a_cell_edited_by_hand_is_reported_and_written_anew(synced):
    change(synced / CELLS, source="n: int = 6")

    assert sync(check=True) == [f"{CELLS}: its parameter cell differs from study.yml"]
    assert cell_of(synced / CELLS) == "n: int = 6", "a check must change nothing"
    assert sync("maize") == [f"{CELLS}: its parameter cell differs from study.yml"]
    assert cell_of(synced / CELLS) == WANTED


def test_a_changed_record_is_reported(synced):
    record = synced / "chapters/maize/study.yml"
    record.write_text(record.read_text().replace("how they are counted", "how plants are counted"))

    assert sync(check=True) == [f"{GENES}: its parameter cell differs from study.yml"]


OUTPUT = {"output_type": "stream", "name": "stdout", "text": "5"}
UNTIDY = {
    "outputs": ({"outputs": [OUTPUT]}, "it holds outputs"),
    "counts": ({"execution_count": 3}, "it holds outputs"),
    "metadata": ({"metadata": {"tags": ["parameters"], "trusted": True}}, "its layout or metadata differ"),
}


@pytest.mark.parametrize("kind", UNTIDY)
def test_outputs_and_metadata_are_reported_and_stripped(synced, kind):
    before = (synced / CELLS).read_bytes()
    changes, said = UNTIDY[kind]
    change(synced / CELLS, **changes)

    assert sync(check=True) == [f"{CELLS}: {said}"]
    sync()
    assert (synced / CELLS).read_bytes() == before


def test_cells_without_an_id_or_with_the_same_get_one_that_stays(synced):
    whole = json.loads((synced / CELLS).read_text())
    del whole["cells"][0]["id"]
    whole["cells"][3]["id"] = whole["cells"][4]["id"]
    whole["nbformat_minor"] = 4
    (synced / CELLS).write_text(json.dumps(whole))

    sync()

    ids = [cell["id"] for cell in json.loads((synced / CELLS).read_text())["cells"]]
    assert len(set(ids)) == len(ids) == 7
    assert sync() == []
    nbformat.validate(nbformat.read(synced / CELLS, as_version=4))


def test_syncing_makes_no_page_stale(tiny):
    before = closure.notebook(tiny / CELLS)
    sync()

    assert closure.notebook(tiny / CELLS) == before


def test_lines_of_a_cell_are_lines_of_the_file(synced):
    """So that a change of one line is a difference of one line."""
    assert '    "n: int = 5  # how many are drawn, cells\\n",\n' in (synced / CELLS).read_text()


@pytest.mark.parametrize("tags", [[], ["parameter"]])
def test_a_notebook_without_a_parameter_cell_is_refused(synced, tags):
    change(synced / CELLS, metadata={"tags": tags})

    with pytest.raises(ParameterError, match="must have one cell tagged 'parameters', but has 0"):
        sync(check=True)


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"cells": 3, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}']
)
def test_a_file_that_is_no_notebook_is_named(synced, text):
    (synced / CELLS).write_text(text)

    with pytest.raises(ParameterError, match=r"01-cells.ipynb is not a notebook: .+\nRestore it from git"):
        sync()


def test_a_missing_notebook_is_named(synced):
    (synced / CELLS).unlink()

    with pytest.raises(ParameterError, match=r"Chapter 01-cells has no notebook .*01-cells.ipynb"):
        sync(check=True)
