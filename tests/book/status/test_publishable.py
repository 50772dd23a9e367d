from __future__ import annotations

import json
import shutil

import pytest
from reread.book.status import staleness as gate
from reread.book.status.run_record import RunRecord
from reread.core.errors import RunError
from reread.core.files import read_json
from reread.pages import page


def reseal(folder) -> None:
    RunRecord.seal(folder, read_json(folder / "record.json"))


def refusal(call, *arguments) -> str:
    with pytest.raises(RunError) as caught:
        call(*arguments)
    assert caught.value.exit_code == 9
    return str(caught.value)


def test_fresh_pages_are_all_admitted_in_reading_order(finished):
    shelf = gate.admit("demo")

    assert [ref.name for ref in shelf.pages] == [
        "maize/01-cells",
        "maize/02-genes.short",
        "maize/02-genes.long",
    ]
    assert shelf.left_out == ()
    assert shelf.record(page("maize/01-cells")).values["cells"] == 5


def test_a_page_that_never_ran_is_named_with_the_command_that_runs_it(tiny):
    said = refusal(gate.admit, "demo")

    assert "3 of 3 pages of demo cannot be published" in said
    assert "maize/02-genes.long  never run" in said
    assert "reread build --profile demo" in said


def test_a_stale_page_is_named_with_what_moved(finished):
    record = finished / "chapters/maize/study.yml"
    record.write_text(
        record.read_text().replace(
            "seed: {type: int, min: 0, help: seed of everything random, demo: 0",
            "seed: {type: int, min: 0, help: seed of everything random, demo: 4",
        )
    )

    said = refusal(gate.admit, "demo")

    assert "maize/01-cells  stale: parameter seed" in said


def test_a_hollow_page_is_refused(finished):
    notebook = page("maize/01-cells").folder / "notebook.ipynb"
    cells = json.loads(notebook.read_text())
    cells["cells"][-1]["execution_count"] = None
    notebook.write_text(json.dumps(cells))
    reseal(notebook.parent)

    assert "hollow" in refusal(gate.admit, "demo")


def test_a_failed_page_is_refused(finished):
    ref = page("maize/01-cells")
    cells = json.loads((ref.folder / "notebook.ipynb").read_text())
    error = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []}
    cells["cells"][-1]["outputs"] = [error]
    (ref.folder / "notebook.ipynb").write_text(json.dumps(cells))
    reseal(ref.folder)

    assert "cannot be published" in refusal(gate.admit, "demo")


@pytest.mark.parametrize("lost", ["figures/drawn.svg", "figures/drawn.csv", "artifacts/drawn.csv"])
def test_a_page_without_a_file_of_its_record_is_refused_by_name(finished, lost):
    (page("maize/01-cells").folder / lost).unlink()

    assert f"maize/01-cells  altered: {lost} is missing" in refusal(gate.admit, "demo")


def test_a_run_copied_to_another_profile_is_left_out_and_said_so(finished):
    shutil.copytree(page("maize/01-cells").folder, finished / "runs/real/maize/01-cells")

    shelf = gate.admit("demo")

    assert {ref.profile for ref in shelf.pages} == {"demo"}
    assert [line.partition(":")[0] for line in shelf.left_out] == ["maize/01-cells (real) is left out"]
    assert "profile in record.json" in shelf.left_out[0]
