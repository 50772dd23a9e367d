"""A run as a Workflow Run RO-Crate: its references lead somewhere, its files are as their digests say."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from reread.book import crate
from reread.book.running.page_run import run_page
from reread.core.errors import RunError
from reread.pages import page


@pytest.fixture
def packed(finished, tmp_path) -> tuple[zipfile.ZipFile, dict[str, dict]]:
    out = tmp_path / "crate.zip"
    crate.write("demo/maize/01-cells", out)
    archive = zipfile.ZipFile(out)
    graph = json.loads(archive.read(crate.METADATA))["@graph"]
    assert len({entity["@id"] for entity in graph}) == len(graph)
    return archive, {entity["@id"]: entity for entity in graph}


def references(value) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(references, value))
    if isinstance(value, dict):
        return {value["@id"]} if set(value) == {"@id"} else set().union(*map(references, value.values()))
    return set()


def test_every_reference_is_an_entity_of_the_graph(packed):
    _, entities = packed
    outside = {"https://w3id.org/ro/crate/1.1"}  # the format itself

    assert references(list(entities.values())) - outside <= entities.keys()


def test_every_file_is_in_the_archive_as_its_digest_says_and_none_besides(packed):
    archive, entities = packed
    files = {name for name, one in entities.items() if "File" in one["@type"] and "://" not in name}

    assert files | {crate.METADATA} == set(archive.namelist())
    said = {name: entities[name]["sha256"] for name in files if "sha256" in entities[name]}
    assert len(said) >= 4
    assert said == {name: hashlib.sha256(archive.read(name)).hexdigest() for name in said}


def test_the_run_holds_the_values_of_its_parameters_and_what_came_out(packed):
    archive, entities = packed
    record = json.loads(archive.read("record.json"))
    run = entities["#run"]
    given = {entities[name]["name"]: entities[name]["value"] for name in references(run["object"])}
    found = {entities[name]["name"]: entities[name].get("value") for name in references(run["result"])}

    assert given == {"n": 5, "rate": 0.5, "is_wet": "True", "seed": 0}
    assert found.items() >= record["values"].items()
    assert run["startTime"][:19] == record["made"]["started"][:19] <= run["endTime"][:19]


def test_the_workflow_is_the_code_that_ran_without_what_came_out(packed):
    archive, _ = packed
    workflow, executed = (json.loads(archive.read(name)) for name in ("workflow.ipynb", "notebook.ipynb"))

    code, ran = (["".join(cell["source"]) for cell in book["cells"]] for book in (workflow, executed))
    assert code == ran
    assert not any(cell.get("outputs") for cell in workflow["cells"])
    assert any(cell.get("outputs") for cell in executed["cells"])


def test_data_are_named_by_their_address_and_digest(finished, tmp_path):
    folder = run_page(
        page("maize/02-genes.short"), overrides={"source": "field", "ways": "sum"}, say=lambda line: None
    )

    crate.write(str(folder), tmp_path / "crate.zip")

    graph = json.loads(zipfile.ZipFile(tmp_path / "crate.zip").read(crate.METADATA))["@graph"]
    (data,) = [one for one in graph if one["@type"] == "File" and "://" in one["@id"]]
    assert data["sha256"] == hashlib.sha256((finished / "data/maize/plants.csv").read_bytes()).hexdigest()


def test_an_altered_run_is_refused_and_nothing_is_written(finished, tmp_path):
    parameters = finished / "runs/demo/maize/01-cells/parameters.yml"
    parameters.write_text(parameters.read_text().replace("5", "6"))

    with pytest.raises(RunError, match="was altered after the run"):
        crate.write("demo/maize/01-cells", tmp_path / "crate.zip")
    assert not (tmp_path / "crate.zip").exists()


@pytest.mark.slow
@pytest.mark.skipif(
    not shutil.which("rocrate-validator"), reason="pip install roc-validator; it needs the network"
)
@pytest.mark.skipif(not os.environ.get("REREAD_CRATES"), reason="set REREAD_CRATES=1 to validate crates")
def test_the_validator_of_the_field_accepts_it(packed):
    archive, _ = packed
    command = ["rocrate-validator", "-y", "validate", "-p", "workflow-run-crate", "-l", "REQUIRED"]

    done = subprocess.run(
        [*command, str(Path(archive.filename))], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout
