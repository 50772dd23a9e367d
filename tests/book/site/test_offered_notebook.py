"""The notebook that a page offers shows its prose in any notebook program, and the page names its extra."""

from __future__ import annotations

import json

import pytest
from reread.book.site import page_sections, stage
from reread.book.status import claims as ledger
from reread.book.status.run_record import RunRecord
from reread.book.status.staleness import admit
from reread.book.workshop.notebooks import for_jupyter
from reread.cli import app
from reread.pages import page

PROSE = """# Cells

{glue:text}`cells:.0f` cells were drawn {cite:p}`plants2020`, of a {term}`kind <kinds>`.
Nobody but {cite:t}`plants2020` has names for them.

```{dropdown} Solutions
The sum is {glue:text}`cells:.1f`.
```

:::{note}
Cells are counted once.
:::
"""
ENTRY = "@article{plants2020,\n  author = {Green, Ann and Brown, Bo},\n  year = {2020},\n}\n"


def prose_of(text: str) -> str:
    cells = json.loads(text)["cells"]
    return "\n\n".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")


@pytest.fixture
def staged(finished, monkeypatch):
    monkeypatch.setattr(stage, "library", lambda: {})
    (finished / "book").mkdir(exist_ok=True)
    with (finished / "book/references.bib").open("a") as stream:
        stream.write(ENTRY)
    path = finished / "chapters/maize/01-cells.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["source"] = PROSE
    path.write_text(json.dumps(notebook))
    folder = finished / "_build/stage"
    stage.Stage(admit("demo"), ledger.ledger(), ledger.checks(), app).write(folder)
    return folder / "maize/demo/01-cells"


def test_boxes_fold_citations_have_names_and_numbers_are_those_of_the_page(staged):
    prose = prose_of((staged / "maize-01-cells-demo.ipynb").read_text())

    assert "5 cells were drawn (Green and others, 2020), of a *kind*.\n" in prose
    assert "Nobody but Green and others (2020) has names" in prose
    assert "<details><summary>Solutions</summary>\n\nThe sum is 5.0.\n\n</details>" in prose
    assert "> **Note.**\n> Cells are counted once." in prose
    assert "{glue" not in prose and "{cite" not in prose and "{term" not in prose
    assert prose.endswith("Numbers in the text are those of the run that the book shows.")


def test_the_page_itself_keeps_its_markup_and_names_its_extra(staged):
    prose = prose_of((staged / "index.ipynb").read_text())

    assert "{cite:p}`plants2020`" in prose and "{dropdown} Solutions" in prose
    assert "needs the packages of the extra `maize`. Run `pip install -e '.[maize]'`" in prose
    assert "`pip install 'reread[maize]'`" in prose


@pytest.mark.parametrize(
    ("address", "is_linked"),
    [("https://github.com/group/book", True), ("https://code.invalid/group/book", False), ("", False)],
)
def test_binder_and_colab_are_linked_where_the_citation_file_has_an_address_they_can_open(
    finished, address, is_linked
):
    (finished / "CITATION.cff").write_text(f"repository-code: {address}\n" if address else "title: Reread\n")
    ref = page("maize/02-genes.long")

    text = page_sections.citation(ref, RunRecord.read(ref.folder))

    source = "chapters/maize/02-genes.ipynb"
    assert (f"https://mybinder.org/v2/gh/group/book/main?labpath={source}" in text) == is_linked
    assert (f"https://colab.research.google.com/github/group/book/blob/main/{source}" in text) == is_linked


def test_text_without_markup_stays_as_it_is():
    text = "A *plain* text with `code` and a list:\n\n- one\n- two"

    assert for_jupyter(text) == text
