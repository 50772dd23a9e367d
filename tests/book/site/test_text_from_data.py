"""Text from data is text: whatever a name, a value or a caption holds, the site shows it as it is."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from reread.book.running.page_run import run_page
from reread.book.site import build as site
from reread.book.site import markup, stage
from reread.cli import app
from reread.pages import pages

MARKUP = (
    "<script>X</script>",
    "<img src=x onerror=X>",
    "{download}`x </../../secret.txt>`",
    "{include}`x`",
    "$x$",
    r"\(x\)",
    "*a*",
    "**a**",
    "`b`",
    "a < b",
    "a | b",
    "[y](javascript:X)",
    "![y](/../../secret.txt)",
    "&lt;b&gt;",
    "{{ x }}",
    "-- x",
)
TEXT = " ".join(MARKUP)
FIRST = {"cells": "% x", "genes": "- x", "short": "1. x", "long": "(x)="}
CELLS = f"""
import pandas as pd
from reread.core import figures
TEXT = {TEXT!r}
figure, axes = figures.new(width_in=3, height_in=2)
axes.plot([1, 2])
page.measure("cells", 5)
page.measure("name", TEXT)
page.say(TEXT)
page.table(pd.DataFrame({{TEXT: [TEXT, "{FIRST["cells"]}"], "n": [1, 2]}}), "hostile", caption=f"{{TEXT}}")
drawn = figures.Drawn(figure, pd.DataFrame({{"x": [1]}}), "Line chart of two points named " + TEXT[:99])
page.figure(drawn, "drawn", caption=f"Drawn for {{TEXT}}")
print(TEXT)
"""


class Reader(HTMLParser):
    """Collects what of a page is live, and its visible text."""

    def __init__(self):
        super().__init__()
        self.live: list[str] = []
        self.text: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        self.inside.append(tag)
        if any(name.startswith("on") and value == "X" for name, value in attrs):
            self.live.append(f"<{tag} {names}>")
        if "javascript:" in (names.get("href") or ""):
            self.live.append(f"<{tag} {names}>")
        if "math" in (names.get("class") or "").split() and tag in ("span", "div"):
            self.live.append(f"<{tag} {names}>")

    def handle_data(self, data):
        tag = self.inside[-1] if self.inside else ""
        if tag == "script":
            self.live += [data] if data.strip() == "X" else []
        else:
            self.text.append(data)
            is_live = tag in ("em", "strong", "code") and data.strip() in ("a", "b")
            self.live += [f"<{tag}>{data}"] if is_live else []

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            pass


def hostile(value: object, key: str = "") -> object:
    """The record with markup in every text that is neither a key nor a choice."""
    if key in ("unit", "help"):  # no equals sign may stand in a parameter cell
        return f"{value} {TEXT.replace('=', ' ')}"
    if key == "title":  # the record refuses a title with a bracket or a backtick
        return f"{value} {re.sub('[<>`]', ' ', TEXT)}" if isinstance(value, str) else value
    free = {"authors", "journal", "licence", "holds", "caveat", "cite", "question",
            "says", "locator", "metric", "why", "why_null"}  # fmt: skip
    if isinstance(value, dict):
        return {name: hostile(entry, name) for name, entry in value.items()}
    if isinstance(value, list):
        return [hostile(entry) for entry in value]
    return f"{value} {TEXT}" if key in free and isinstance(value, str) else value


def rewrite(notebook: Path) -> None:
    """Let the first chapter of the tiny study emit markup wherever a chapter can emit data."""
    sources = {
        "title": "# Cells\nThe name is {glue:text}`name`.",
        "code-0": CELLS,
        "code-1": 'page.artifact("drawn.csv").write_text("1\\n2\\n")',
        "code-2": "",
    }
    whole = json.loads(notebook.read_text())
    whole["cells"] = [cell | {"source": sources.get(cell["id"], cell["source"])} for cell in whole["cells"]]
    notebook.write_text(json.dumps(whole))


@pytest.fixture(scope="module")
def hostile_site(run_once, tmp_path_factory) -> Path:
    """The site of the tiny study with markup in every text of its records and of its outputs."""
    root = tmp_path_factory.mktemp("hostile") / "tiny"
    shutil.copytree(run_once, root)
    shutil.rmtree(root / "runs")
    (root / "secret.txt").write_text("a file that no page may publish")
    for path in (root / "chapters/maize/study.yml", root / "data/datasets.yml"):
        changed = hostile(yaml.safe_load(path.read_text()))
        path.write_text(yaml.safe_dump(changed, sort_keys=False, allow_unicode=True))
    rewrite(root / "chapters/maize/01-cells.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REREAD_HOME", str(root))
        patch.setattr(stage, "library", lambda: {"records": ("Files", {"reread.core.files": ["read_json"]})})
        for ref in pages("demo"):
            run_page(ref, say=lambda line: None)
        yield site.build_site("demo", app=app).parent


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text())
    return reader


@pytest.mark.slow
def test_no_markup_from_data_is_live_on_any_page(hostile_site):
    live = {str(path.relative_to(hostile_site)): read(path).live for path in hostile_site.rglob("*.html")}

    assert {name: found for name, found in live.items() if found} == {}
    assert "<script>" not in (hostile_site / "searchindex.js").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "count"),
    [
        ("maize/demo/01-cells/index.html", 10),
        ("maize/index.html", 5),
        ("maize/demo/index.html", 3),
        ("claims.html", 5),
        ("data.html", 3),
        ("figures.html", 1),
        ("index.html", 1),
    ],
)
def test_a_text_from_data_stands_on_the_page_as_it_is(hostile_site, page, count):
    text = " ".join("".join(read(hostile_site / page).text).split())

    assert text.count(TEXT) >= count


@pytest.mark.slow
def test_no_file_from_outside_the_book_is_in_the_site(hostile_site):
    assert [path for path in hostile_site.rglob("*") if "secret" in path.name] == []


@pytest.mark.parametrize("text", [*MARKUP, *FIRST.values(), "a\nb", "\\", "\\|"])
def test_an_escaped_text_comes_back_whole(text):
    assert unescape(markup.plain(text)) == " ".join(text.split())


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://a.b/x)y", "https://a.b/<x>", "file:///etc/passwd", ""]
)
def test_an_address_that_is_none_is_text(url):
    assert markup.outside("name", url) == "name"
