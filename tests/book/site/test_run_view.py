"""The page about one run: it shows what came out, and obeys nothing that came with data."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from reread.book.running.page_run import run_page
from reread.book.site import run_view
from reread.book.status.difference import Change
from reread.book.status.run_record import RunRecord
from reread.pages import page

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> &lt;b&gt; `x` \"'>"
DRAW = """import pandas as pd
from reread.core import figures, show
word = {hostile!r}
page.measure("answer.word", word)
page.measure("answer.share", 0.12345)
figure, axes = figures.new(width_in=3, height_in=2)
axes.plot([1, 2])
axes.set_title(word)
alt = f"Line chart of two numbers that were written for a test of {{word}}."
shown = figures.Drawn(figure, pd.DataFrame({{"a": [1, 2]}}), alt)
page.figure(shown, "drawn", caption=f"Two *numbers* of {{show.plain(word)}}, see {{{{numref}}}}`other`.")
"""


class Tags(HTMLParser):
    """Names of the tags of a page with their attributes, and its text."""

    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def run(tiny, chapter_of):
    """A finished run whose values, figure and caption hold hostile text; its page and folder."""
    path = chapter_of("01-cells", [DRAW.format(hostile=HOSTILE)], prose="# Cells")
    prose = (
        "The share is {glue:text}`answer.share:.2f`, it {glue:text}`answer.word`.\\n\\n**Limitation.** One."
    )
    path.write_text(path.read_text().replace('"id": "title"', '"id": "answer"').replace("# Cells", prose))
    ref = page("maize/01-cells")
    return ref, run_page(ref, say=lambda line: None)


def test_a_run_is_shown_with_answer_figure_and_moved_values(run):
    ref, folder = run
    rows = [Change(f"value-{i}", 1, 2) for i in range(30)]

    path = run_view.write(ref, folder, RunRecord.read(folder), rows, "30 of 30 values differ.")

    parser = Tags()
    parser.feed(path.read_text())
    assert "The share is 0.12, it <script>alert(1)</script>" in parser.text
    assert "Limitation. One." in parser.text
    assert "Two numbers of <script>" in parser.text and "see other." in parser.text
    assert "value-19" in parser.text and "value-20" not in parser.text
    pictures = [attributes for tag, attributes in parser.tags if tag == "img"]
    assert len(pictures) == 1
    assert pictures[0]["alt"].endswith(f"of {' '.join(HOSTILE.split())}.")
    record = RunRecord.read(folder)  # the page is no part of the run
    own = run_view.write(ref, folder, record.model_copy(update={"scope": "own"}), [], "").read_text()
    assert f"<title>{ref.chapter.title}: own files (" in own


def test_nothing_that_came_with_data_is_markup_and_nothing_is_loaded(run):
    ref, folder = run
    change = Change(HOSTILE, HOSTILE, HOSTILE)

    text = run_view.write(ref, folder, RunRecord.read(folder), [change], HOSTILE).read_text()

    parser = Tags()
    parser.feed(text)
    assert not {tag for tag, _ in parser.tags} & {"script", "link", "iframe", "object", "b"}
    assert not [name for _, attributes in parser.tags for name in attributes if name.startswith("on")]
    addresses = re.findall(r"(?:src|href)=\"(.{20})", text)
    assert addresses == ["data:image/svg+xml;b"]
    assert "default-src 'none'" in text
