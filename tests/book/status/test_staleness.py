"""Seven mutations that must be caught, each naming its field, and five cosmetic edits that must not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from textwrap import dedent

import pytest
from reread.book.status import fingerprint as closure
from reread.book.status import staleness as stale
from reread.book.status.run_record import RunRecord
from reread.core.errors import ParameterError
from reread.pages import page, pages

STUDY = """
key: maize
title: A tiny study
paper: {title: none, authors: nobody, year: 2020, journal: none, doi: none}
sources:
  planted: {holds: numbers, scope: simulated}
  field: {holds: plants, scope: subset, datasets: [maize/plants]}
chapters:
  - key: 01-cells
    title: Cells
    question: How many?
    parameters:
      seed: {type: int, help: seed, demo: 0, real: 0, paper: 0}
  - key: 02-genes
    title: Genes
    question: Which?
    needs: [01-cells]
    parameters:
      source: {type: source, choices: [planted, field], help: whence, demo: field, real: field, paper: field}
      seed: {type: int, help: seed, demo: 3, real: 3, paper: 3}
    pages:
      short: {title: short, profiles: [demo]}
      long: {title: long, profiles: [demo], set: {source: planted}}
"""
PLANTS = f"""
maize/plants: {{title: -, url: "https://example.invalid", file: plants.csv, bytes: 7, sha256: {"9f2c" * 16},
  licence: -, cite: -, holds: plants}}
"""
GENES = """
from reread.maize import data  # the door
genes = data.load(seed)
page.figure(genes, "genes", caption=f"Genes of maize, {len(genes)} of them", alt="A bar chart of genes")
"""
DATA = '''
"""Load plants."""


def load(seed):
    """Draw plants."""
    from . import readers

    # as the paper did
    return readers.read(seed)
'''


BARE = {
    **{"schema": 1, "profile": "demo", "values": {"n": 1}, "device": "cpu", "cost": {}, "data": []},
    **{"figures": [], "tables": [], "artifacts": []},
    "made": {
        **{"started": "", "wall_s": 1.0, "reread": "0", "python": "3", "platform": "none"},
        **{"packages": {}, "commit": "", "is_dirty": False},
    },
}


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A book of three pages and a library of its own, every page fresh."""
    folder, package = tmp_path / "home", tmp_path / "lib/reread"
    write(folder / "chapters/maize/study.yml", STUDY)
    write(folder / "requirements.lock", "numpy==2.0  # via us\n")
    notebook(folder, "01-cells", ["n = seed + 1"])
    notebook(folder, "02-genes", [GENES])
    for name in ("__init__", "maize/__init__", "maize/unused"):
        write(package / f"{name}.py", "")
    write(package / "maize/data.py", DATA)
    write(package / "maize/readers.py", "def read(seed):\n    return list(range(seed))\n")
    monkeypatch.setenv("REREAD_HOME", str(folder))
    monkeypatch.delenv("REREAD_RUNS", raising=False)
    monkeypatch.setattr(closure, "PACKAGE", package)
    write(folder / "data/datasets.yml", PLANTS)
    for ref in pages("demo", "maize"):
        finish(ref)
    assert words() == {"fresh"}, "nothing below means anything unless all pages start fresh"
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def notebook(home: Path, chapter: str, codes: list[str], prose: str = "# A chapter") -> None:
    prepared = ["from __future__ import annotations", *codes]
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": prose},
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "seed = 0", "outputs": []},
        *({"cell_type": "code", "metadata": {}, "source": text, "outputs": []} for text in prepared),
    ]
    write(home / f"chapters/maize/{chapter}.ipynb", json.dumps({"cells": cells}))


def finish(ref) -> None:
    """Leave what a run leaves behind, without a kernel."""
    executed = json.loads(ref.notebook.read_text())
    for count, cell in enumerate(executed["cells"]):
        cell["execution_count"] = count + 1
    now = stale.Status().fields(ref)
    write(ref.folder / "notebook.ipynb", json.dumps(executed))
    write(ref.folder / "parameters.yml", "{}")
    content = BARE | {"study": "maize", "chapter": ref.chapter.key, "page": ref.page, "scope": ref.scope()}
    content |= {"parameters": ref.parameters, "stale": {"key": stale.key(now), "fields": now}}
    RunRecord.seal(ref.folder, content)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, f"{path} does not hold {old!r}: the mutation would change nothing"
    path.write_text(text.replace(old, new))


def words() -> set[str]:
    return {state.word for state in stale.Status().states(pages("demo", "maize")).values()}


def moved(name: str) -> list[str]:
    return stale.Status().state(page(f"maize/{name}")).moved


def in_chapter(old: str, new: str):
    return lambda top: replace(top / "home/chapters/maize/02-genes.ipynb", old, new)


def in_package(name: str, old: str, new: str):
    return lambda top: replace(top / "lib/reread/maize" / name, old, new)


MUTATIONS = {
    "code": in_chapter("data.load(seed)", "data.load(seed + 1)"),
    "module lib/reread/maize/data.py": in_package("data.py", "readers.read(seed)", "readers.read(2 * seed)"),
    "module lib/reread/maize/readers.py": in_package("readers.py", "range(seed)", "range(1, seed)"),
    "parameter seed": lambda top: replace(top / "home/chapters/maize/study.yml", "demo: 3", "demo: 4"),
    "upstream maize/01-cells": lambda top: notebook(top / "home", "01-cells", ["n = seed + 2"]),
    "lock": lambda top: replace(top / "home/requirements.lock", "2.0", "2.1"),
}


@pytest.mark.parametrize("field", MUTATIONS)
def test_a_mutation_is_caught_and_names_its_field(home, field):
    MUTATIONS[field](home)

    wanted = [field] if field != "lock" else ["upstream maize/01-cells", "lock"]
    assert moved("02-genes.short") == wanted


def test_other_data_are_caught_by_the_pages_that_read_them(home):
    replace(home / "home/data/datasets.yml", "9f2c", "03be")

    assert moved("02-genes.short") == ["data maize/plants"]
    assert moved("02-genes.long") == moved("01-cells") == []


def test_another_runner_is_caught(home, monkeypatch):
    monkeypatch.setattr(stale, "RUNNER_VERSION", "another")

    assert moved("01-cells") == ["runner"]
    assert moved("02-genes.long") == ["upstream maize/01-cells", "runner"]


COSMETIC = {
    "prose": lambda top: notebook(top / "home", "02-genes", [GENES], prose="# A chapter, better told"),
    "comment": in_chapter("# the door", "# the only door"),
    "comment in a module": in_package("data.py", "# as the paper did", "# as everybody did"),
    "docstring": in_package("data.py", '"""Draw plants."""', '"""Draw plants from a field."""'),
    "caption": in_chapter("Genes of ", "All genes of "),
    "caption with a value": in_chapter("{len(genes)} of them", "all {len(genes)}"),
    "alt": in_chapter("A bar chart of genes", "A bar chart of many genes"),
    "layout": in_chapter("data.load(seed)", "(data.load(seed  ))"),
    "comment in the lock": lambda top: replace(top / "home/requirements.lock", "via us", "via them"),
    "module nobody imports": lambda top: write(top / "lib/reread/maize/unused.py", "x = 1"),
    "empty cell": lambda top: notebook(top / "home", "02-genes", [GENES, "# nothing"]),
    "touched": lambda top: (top / "lib/reread/maize/data.py").touch(),
}


@pytest.mark.parametrize("edit", COSMETIC)
def test_a_cosmetic_edit_makes_nothing_stale(home, edit):
    COSMETIC[edit](home)

    assert words() == {"fresh"}


def test_what_a_caption_computes_still_counts(home):
    in_chapter("{len(genes)}", "{sum(genes)}")(home)

    assert moved("02-genes.short") == ["code"]


def test_overriding_a_parameter_moves_that_field_alone(home):
    ref = page("maize/02-genes.short")
    other = stale.Status().fields(ref, ref.parameters | {"seed": 9})

    assert stale.moved(stale.Status().fields(ref), other) == ["parameter seed"]
    assert stale.key(stale.Status().fields(ref)) != stale.key(other)


def test_a_source_chosen_by_hand_brings_its_data(home):
    ref = page("maize/02-genes.long")
    other = stale.Status().fields(ref, ref.parameters | {"source": "field"})

    assert stale.moved(stale.Status().fields(ref), other) == ["parameter source", "data maize/plants"]


def test_a_field_that_vanished_has_moved():
    assert stale.moved({"code": "a", "data x": "b"}, {"code": "a", "lock": "c"}) == ["lock", "data x"]


def test_a_page_without_a_run_has_never_run(home):
    ref = page("maize/01-cells")
    for file in ref.folder.iterdir():
        file.unlink()
    ref.folder.rmdir()

    assert stale.Status().state(ref).word == "never run"


@pytest.mark.parametrize("record", ["", "{", "[]", "null", '"text"'])
def test_a_run_whose_record_says_nothing_is_hollow(home, record):
    ref = page("maize/01-cells")
    (ref.folder / "record.json").write_text(record)

    assert stale.Status().state(ref).word == "hollow"


def executed_with(ref, **changes) -> None:
    path = ref.folder / "notebook.ipynb"
    whole = json.loads(path.read_text())
    whole["cells"][-1] |= changes
    path.write_text(json.dumps(whole))
    RunRecord.seal(ref.folder, json.loads((ref.folder / "record.json").read_text()))


def test_a_run_with_a_cell_that_never_ran_is_hollow(home):
    executed_with(page("maize/01-cells"), execution_count=None)

    assert stale.Status().state(page("maize/01-cells")).word == "hollow"


def test_a_run_with_an_error_is_hollow(home):
    executed_with(page("maize/01-cells"), outputs=[{"output_type": "error"}])

    assert stale.Status().state(page("maize/01-cells")).word == "hollow"


@pytest.mark.parametrize(("outputs", "word"), [([], "interrupted"), ([{"output_type": "error"}], "failed")])
def test_a_failed_attempt_says_how_it_ended(home, outputs, word):
    ref = page("maize/01-cells")
    executed_with(ref, execution_count=None, outputs=outputs)
    kept = ref.folder.parents[2] / "failed/demo" / ref.name
    kept.parent.mkdir(parents=True)
    ref.folder.rename(kept)

    assert stale.Status().state(ref).word == word


def test_a_run_that_ended_before_its_first_cell_is_interrupted(home):
    ref = page("maize/01-cells")
    shutil.rmtree(ref.folder)
    write(home / "home/runs/failed/demo/maize/01-cells/log", "starting")

    assert stale.Status().state(ref).word == "interrupted"


def test_a_run_cut_off_leaves_an_interrupted_page(home):
    ref = page("maize/01-cells")
    ref.folder.rename(ref.folder.with_name(f".{ref.folder.name}.0a1b2c3d.part"))

    assert stale.Status().state(ref).word == "interrupted"


def test_the_report_names_page_and_file(home):
    MUTATIONS["module lib/reread/maize/data.py"](home)

    assert stale.Status().report("demo", "maize") == dedent(
        """\
        fresh       maize/01-cells
        stale       maize/02-genes.short  module lib/reread/maize/data.py
        stale       maize/02-genes.long   module lib/reread/maize/data.py
        1 of 3 pages of demo are fresh."""
    )


def test_a_missing_notebook_is_named(home):
    (home / "home/chapters/maize/01-cells.ipynb").unlink()

    with pytest.raises(ParameterError, match=r"There is no notebook .*01-cells.ipynb"):
        stale.Status().report("demo", "maize")
