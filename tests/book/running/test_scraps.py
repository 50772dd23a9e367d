"""Values of an executed notebook are scraps: scrapbook reads them, and so does the ``glue`` of MyST."""

from __future__ import annotations

import nbformat
from myst_nb.ext.glue import extract_glue_data_cell
from reread.book.running.page_run import run_page
from reread.book.status.run_record import RunRecord
from reread.pages import page

CODES = [
    'page.measure("cells", n)\npage.measure("half", n / 2)\npage.measure("wet", is_wet)\n'
    'page.measure("word", "yes")\npage.measure("none", float("nan"))\npage.measure("much", float("inf"))'
]


def test_every_value_is_a_scrap_and_nothing_is_an_old_record_that_scrapbook_cannot_read(chapter_of):
    chapter_of("01-cells", CODES)
    folder = run_page(page("maize/01-cells"), say=lambda _: None)
    found = nbformat.read(folder / "notebook.ipynb", as_version=4)
    nbformat.validate(found)
    cells = [cell for cell in found.cells if cell.cell_type == "code"]
    bundles = [output.get("data", {}) for cell in cells for output in cell.outputs]
    scraps = [
        b["application/scrapbook.scrap.json+json"] for b in bundles if len(b) == 2 and "scrap" in str(b)
    ]

    # scrapbook takes the items of whatever has this type, which a text does not have
    assert [mime for bundle in bundles for mime in bundle if mime.startswith("application/papermill")] == []
    assert {scrap["name"]: scrap["data"] for scrap in scraps} == {
        "cells": 5, "half": 2.5, "wet": True, "word": "yes",
    }  # fmt: skip
    assert {(scrap["encoder"], scrap["version"]) for scrap in scraps} == {("json", 1)}
    glued = {key: out["data"]["text/plain"] for cell in cells for key, out in extract_glue_data_cell(cell)}
    assert glued == {
        "cells": "5",
        "half": "2.5",
        "wet": "True",
        "word": "'yes'",
        "none": "nan",
        "much": "inf",
    }
    assert glued.keys() == RunRecord.read(folder).values.keys()
