from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from html import unescape
from pathlib import Path

import nbformat
import psutil
import pytest
import yaml
from nbclient import NotebookClient
from reread.book.site import build as site
from reread.book.site import chapter_page, index_pages, page_sections, stage
from reread.book.status import claims as ledger
from reread.book.status.run_record import RunRecord
from reread.book.status.staleness import admit
from reread.cli import app
from reread.core.errors import ParameterError, RunError
from reread.core.files import sha256
from reread.pages import page

SMALL_LIBRARY = {"records": ("Files", {"reread.core.files": ["read_json"]})}


@pytest.fixture
def small(finished, monkeypatch) -> Path:
    """A checkout whose site is quick to build: one page of the library."""
    monkeypatch.setattr(stage, "library", lambda: SMALL_LIBRARY)
    return finished


@pytest.fixture
def staged(small) -> Path:
    folder = small / "_build/stage"
    lay_out(folder)
    return folder


def lay_out(folder: Path) -> None:
    shelf = admit("demo")
    stage.Stage(shelf, ledger.ledger(), ledger.checks(), app).write(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def prose_of(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text())["cells"]
    return [cell["source"] for cell in cells if cell["cell_type"] == "markdown"]


def edit(notebook: Path, old: str, new: str) -> None:
    text = notebook.read_text()
    assert old in text
    notebook.write_text(text.replace(old, new))


@pytest.mark.slow
def test_two_clean_builds_are_equal_to_the_byte_and_a_third_builds_nothing(small, monkeypatch):
    index = site.build_site("demo", app=app, say=pytest.fail)
    first = contents(index.parent)
    shutil.rmtree(small / "_build")
    site.build_site("demo", app=app)
    second = contents(index.parent)

    assert len(first) > 50
    assert [name for name in first if "fontawesome" in name or name.endswith(".map")] == []
    front = first["index.html"].decode()
    assert '<meta name="description" content="' in front
    assert '<meta property="og:title" content="Reread"' in front
    assert "fontawesome" not in front
    assert "404.html" in first
    assert [name for name in first.keys() | second.keys() if first.get(name) != second.get(name)] == []
    assert [name for name, content in first.items() if str(small).encode() in content] == []
    chapter = unescape((index.parent / "maize/demo/01-cells/index.html").read_text())
    assert "How many cells are there?" in chapter
    assert "Line chart of the numbers that were drawn, in the order in which they came." in chapter
    monkeypatch.setattr(site, "make", lambda *_: pytest.fail("built again though nothing changed"))
    monkeypatch.setattr(stage.Stage, "write", lambda *_: pytest.fail("staged though nothing changed"))
    assert site.build_site("demo", app=app) == index


def test_a_failed_build_leaves_the_site_that_was_there(small):
    (small / "book").mkdir()
    (small / "book/index.md").write_text("# A book\n\n{doc}`nowhere`\n")
    (small / "book/b.md").write_text("# B\n")
    for name in ("scorer.js", "404.html", "references.bib", "templates/navigation.html"):
        (small / "book" / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(site.PACKAGE.parents[1] / "book" / name, small / "book" / name)
    (small / "_toc.yml").write_text(
        "format: jb-book\nroot: index\nparts: [{caption: A, chapters: [{file: b}]}]\n"
    )
    (small / "_build/site").mkdir(parents=True)
    (small / "_build/site/index.html").write_text("the book of yesterday")

    with pytest.raises(RunError, match="nowhere") as caught:
        site.build_site("demo", app=app)

    assert caught.value.exit_code == 5
    assert (small / "_build/site/index.html").read_text() == "the book of yesterday"
    assert [path.name for path in (small / "_build").glob(".site*")] == []


def test_what_a_killed_build_left_is_removed_by_the_next(small, monkeypatch):
    left = small / "_build/.site.0123abcd.part"
    left.mkdir(parents=True)
    monkeypatch.setattr(site, "JUPYTER_BOOK", "json:nothing")

    with pytest.raises(RunError, match="did not build the site"):
        site.build_site("demo", app=app)

    assert [path.name for path in (small / "_build").glob(".site*")] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_build_of_the_site_with_all_that_it_started(small, number, tmp_path):
    marker = tmp_path / "child"
    wait = f"def main():\n    open({str(marker)!r}, 'w').write(str(os.getpid()))\n    time.sleep(60)\n"
    (tmp_path / "waiting.py").write_text(f"import os\nimport time\n\n{wait}")
    code = (
        # a shell in the background starts its commands with signals ignored
        f"import signal; signal.signal({int(number)}, signal.SIG_DFL)\n"
        "from pathlib import Path; from reread.book.site import build\n"
        "build.JUPYTER_BOOK = 'waiting:main'\n"
        "build.make(Path('_build/stage'), Path('_build/site'))"
    )
    (small / "_build/stage").mkdir(parents=True)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=small,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    while process.poll() is None and not (marker.is_file() and marker.read_text()):
        time.sleep(0.05)
    (small / "_build/.site.0.part").mkdir()

    process.send_signal(number)

    assert "interrupted; the old site stays" in process.communicate(timeout=30)[1]
    assert not psutil.pid_exists(int(marker.read_text()))
    assert [path.name for path in (small / "_build").glob(".site*")] == [".site.0.part"]


def test_a_page_that_is_run_again_while_it_is_copied_is_read_again(small, monkeypatch):
    ref, read, seen = page("maize/01-cells"), chapter_page._content, []

    def replaced_once(shelf, ref_now, name):
        path = ref_now.folder / name
        content = path.read_bytes()
        if name.endswith(".svg") and name not in seen:
            path.write_bytes(b"of another run")
        seen.append(name)
        try:
            return read(shelf, ref_now, name)
        finally:
            path.write_bytes(content)

    monkeypatch.setattr(chapter_page, "_content", replaced_once)
    monkeypatch.setattr(site, "make", lambda stage, target: None)
    site.build_site("demo", app=app)

    staged = small / "_build/stage/maize/demo/01-cells/figures/drawn.svg"
    assert sha256(staged) == admit("demo").record(ref).files["figures/drawn.svg"]


def test_a_page_that_is_run_again_and_again_is_named(small, monkeypatch):
    def replaced(shelf, ref, name):
        raise chapter_page.ReplacedRunError("maize/01-cells was run again while its page was written.", 9)

    monkeypatch.setattr(chapter_page, "_content", replaced)

    with pytest.raises(RunError, match="maize/01-cells was run again"):
        site.build_site("demo", app=app)


def test_an_artifact_whose_name_holds_markup_is_refused(finished):
    shelf, ref = admit("demo"), page("maize/01-cells")

    with pytest.raises(RunError, match="whose name a page cannot link to"):
        chapter_page._is_offered(shelf, ref, "x` {include}`y")


@pytest.mark.parametrize(
    "content", [b"<svg><script>x</script></svg>", b"<svg onload='x'/>", b"<a href='javascript:x'/>"]
)
def test_a_figure_that_holds_a_script_is_refused(finished, monkeypatch, tmp_path, content):
    shelf, ref = admit("demo"), page("maize/01-cells")
    monkeypatch.setattr(chapter_page, "_content", lambda *_: content)

    with pytest.raises(RunError, match=r"drawn.svg holds a script"):
        chapter_page._copy_files(shelf, ref, [], tmp_path)


def test_nothing_is_built_when_a_page_must_not_be_published(small):
    shutil.rmtree(page("maize/02-genes.long").folder)

    with pytest.raises(RunError) as caught:
        site.build_site("demo", app=app)

    assert caught.value.exit_code == 9
    assert not (small / "_build/site").exists()


def test_the_sections_of_a_page_come_in_the_order_of_the_book(staged):
    text = "\n".join(prose_of(staged / "maize/demo/02-genes.short/index.ipynb"))

    wanted = [
        "# Genes: the short way",
        "{container} question",
        "{container} badges",
        "{dropdown} Parameters of this page",
        "{admonition} Claims of the paper",
        "{admonition} The data",
        "{rubric} Verdicts on the claims",
        "## Change this and run again",
        "{dropdown} Provenance",
    ]
    places = [text.index(part) for part in wanted]
    assert places == sorted(places)


def test_a_page_gives_the_very_command_that_runs_it_again(staged):
    text = "\n".join(prose_of(staged / "maize/demo/01-cells/index.ipynb"))

    assert "reread run maize/01-cells -p seed=7" in text
    assert "papermill chapters/maize/01-cells.ipynb out.ipynb" in text
    assert "-f runs/demo/maize/01-cells/parameters.yml" in text


def test_the_notebook_that_a_page_offers_runs_as_it_is(staged, small, monkeypatch):
    folder = staged / "maize/demo/02-genes.long"
    name = "maize-02-genes.long-demo.ipynb"
    assert f"{{download}}`{name}`" in (folder / "index.ipynb").read_text()
    whole = nbformat.read(folder / name, as_version=4)

    code = [cell for cell in whole.cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in code] == [[] for _ in code]
    assert 'ways: str = "mean sum"' in code[0].source
    monkeypatch.chdir(small)
    NotebookClient(whole, kernel_name="python3").execute()
    assert "scratch" in " ".join(str(path) for path in (small / "runs/scratch").rglob("*.csv"))


def test_a_page_gives_its_bibtex(staged):
    text = "\n".join(prose_of(staged / "maize/demo/02-genes.long/index.ipynb"))

    assert "@misc{reread-maize-02-genes-long-demo," in text
    assert "title = {Reread: Genes: the long way}" in text
    assert "doi = {10.1000/none}" in text
    assert "edit this chapter" not in text


def test_addresses_of_the_citation_file_reach_the_configuration(small):
    (small / "CITATION.cff").write_text(
        "url: https://book.invalid/reread\nrepository-code: https://code.invalid/r\n"
    )

    config = yaml.safe_load(stage.configuration())["sphinx"]["config"]
    lay_out(small / "stage")

    assert config["html_baseurl"] == "https://book.invalid/reread"
    assert config["html_theme_options"]["repository_url"] == "https://code.invalid/r"
    page_text = (small / "stage/maize/demo/01-cells/index.ipynb").read_text()
    assert "https://code.invalid/r/edit/main/chapters/maize/01-cells.ipynb" in page_text


def test_the_parameter_table_shows_the_values_of_the_other_profiles(finished):
    ref = page("maize/01-cells")
    record = RunRecord.read(ref.folder)

    rows = [
        line for line in page_sections.parameter_table(ref, record).splitlines() if line.startswith("| `n`")
    ]

    assert [cell.strip() for cell in rows[0].strip("|").split("|")] == [
        "`n`", "`5`", "cells", "how many are drawn", "`7`", "`9`",
    ]  # fmt: skip


def test_exercises_come_between_the_verdicts_and_the_commands(chapter_of, finished):
    notebook = finished / "chapters/maize/01-cells.ipynb"
    cells = json.loads(notebook.read_text())
    exercise = {"cell_type": "markdown", "id": "ex", "metadata": {}, "source": "## Exercises\n1. Think."}
    cells["cells"].insert(2, exercise)
    notebook.write_text(json.dumps(cells))

    lay_out(finished / "stage")
    text = "\n".join(prose_of(finished / "stage/maize/demo/01-cells/index.ipynb"))

    places = [text.index(part) for part in ("Checks on simulated data", "## Exercises", "## Change this")]
    assert places == sorted(places)
    assert text.count("## Exercises") == 1


def with_cells(notebook: Path, *texts: tuple[str, str], at: int = 1) -> None:
    """Insert prose cells, each an id and a text."""
    whole = json.loads(notebook.read_text())
    whole["cells"][at:at] = [
        {"cell_type": "markdown", "id": key, "metadata": {}, "source": text} for key, text in texts
    ]
    notebook.write_text(json.dumps(whole))


ANSWER = (
    "The mean is {glue:text}`mean:.2f` (n = {glue:text}`cells`). More follows.\n\n**Limitation.** A test."
)


def test_the_answer_stands_under_the_question_and_in_every_overview(finished):
    with_cells(finished / "chapters/maize/01-cells.ipynb", ("answer", ANSWER))

    lay_out(finished / "stage")

    text = "\n".join(prose_of(finished / "stage/maize/demo/01-cells/index.ipynb"))
    order = [
        "{container} question",
        "{container} answer",
        "**Limitation.**",
        "{container} badges",
        "Parameters",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    (said,) = re.findall(r"The mean is -?\d\.\d\d \(n = 5\)\.", text)
    for overview in ("maize/index.md", "maize/demo/index.md"):
        listed = (finished / "stage" / overview).read_text()
        assert f": {said} More follows." in listed
        assert "Limitation" not in listed


def test_what_came_out_is_the_first_section_of_a_study(small):
    (small / "book/maize").mkdir(parents=True)
    question = ":::{container} question\nDo plants grow?\n:::\n"
    (small / "book/maize/index.md").write_text(
        f"# Plants\n\n{question}\nSome prose.\n\n## Methods\n\nMore.\n"
    )
    (small / "book/index.md").write_text("# Book\n")

    lay_out(small / "stage")

    text = (small / "stage/maize/index.md").read_text()
    headings = re.findall(r"^#+ .*", text, re.MULTILINE)
    assert headings == ["# Plants", "## What came out", "## The study", "## Methods"]
    assert text.index("Do plants grow?") < text.index("## What came out")


def test_claims_and_data_come_after_the_first_figure(finished):
    with_cells(finished / "chapters/maize/01-cells.ipynb", ("background", "## Background\nWords."), at=6)

    lay_out(finished / "stage")

    text = (finished / "stage/maize/demo/01-cells/index.ipynb").read_text()
    order = ["{figure} figures/drawn.svg", "Claims of the paper", "## Background"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("AUROC is 0.85 (n = 3). It falls to 0.6.", "AUROC is 0.85 (n = 3)."),
        ("Genes of *A. thaliana* vary by 3 %. The rest do not.", "Genes of *A. thaliana* vary by 3 %."),
        ("One sentence", "One sentence"),
    ],
)
def test_the_first_sentence_of_an_answer(text, first):
    assert index_pages.first_sentence(text) == first


def test_an_edit_of_prose_and_caption_shows_without_a_new_run(finished):
    notebook = finished / "chapters/maize/01-cells.ipynb"
    edit(notebook, "What was drawn.", "All that was drawn.")
    edit(notebook, '"# Chapter 01-cells"', '"# Chapter\\nMean {glue:text}`mean:.1f`, see {numref}`drawn`."')

    lay_out(finished / "stage")
    text = (finished / "stage/maize/demo/01-cells/index.ipynb").read_text()

    assert "All that was drawn." in text
    assert re.search(r"Mean -?\d\.\d, see \{numref\}`demo-maize-01-cells-drawn`", text)
    assert "All that was drawn." in (finished / "stage/figures.md").read_text()


def test_a_verdict_is_that_of_today_not_that_of_the_run(finished):
    record = finished / "chapters/maize/study.yml"
    edit(record, "{rule: absolute, value: 0.5", "{rule: absolute, value: 5")
    edit(record, "min: 5, max: 5", "min: 6")

    lay_out(finished / "stage")
    text = "\n".join(prose_of(finished / "stage/maize/demo/01-cells/index.ipynb"))

    assert "at least 6" in text
    assert "[failed]{.verdict" in text


def test_the_contents_hold_a_part_for_each_study_with_its_pages(staged):
    toc = yaml.safe_load((staged / "_toc.yml").read_text())

    (part,) = [part for part in toc["parts"] if part["caption"] == "Maize"]
    assert part["chapters"] == [
        {"file": "maize/index"},
        {
            "file": "maize/demo/index",
            "sections": [
                {"file": "maize/demo/01-cells/index"},
                {"file": "maize/demo/02-genes.short/index"},
                {"file": "maize/demo/02-genes.long/index"},
            ],
        },
    ]


def test_every_file_of_the_contents_is_staged(staged):
    toc = (staged / "_toc.yml").read_text()

    named = re.findall(r"(?:file|root): (\S+)", toc)
    assert [
        name for name in named if not any((staged / f"{name}{end}").is_file() for end in (".md", ".ipynb"))
    ] == []
    assert len(named) > 15


def test_mathjax_lies_in_the_site(staged):
    assert (staged / "static/vendor/tex-svg.js").stat().st_size > 1e6


def test_only_pages_with_an_equation_load_mathjax(tmp_path):
    from sphinx.application import Sphinx

    (tmp_path / "index.rst").write_text("Book\n====\n\n.. toctree::\n\n   with\n   without\n")
    (tmp_path / "with.rst").write_text("With\n====\n\n:math:`x`\n")
    (tmp_path / "without.rst").write_text("Without\n=======\n\nWords.\n")
    (tmp_path / "_toc.yml").write_text("parts: []\n")
    settings = {
        "extensions": ["sphinx.ext.mathjax", "reread.book.site.sphinx_hooks"],
        "mathjax_path": "vendor/tex-svg.js",
        "html_theme": "basic",
    }
    out = tmp_path / "out"
    Sphinx(str(tmp_path), None, str(out), str(tmp_path / "trees"), "html", settings, status=None).build()

    found = {path.stem for path in out.glob("*.html") if "tex-svg.js" in path.read_text()}
    assert found == {"with"}


def test_the_ledger_of_the_site_is_the_ledger(staged):
    assert json.loads((staged / "claims.json").read_text()) == json.loads(ledger.as_json(ledger.ledger()))


def test_every_figure_stands_with_its_alt_text_in_plain_sight(staged):
    text = (staged / "figures.md").read_text()

    assert text.count("Line chart of the numbers that were drawn, in the order in which they came.") == 2


def test_a_line_that_nothing_generates_is_refused_with_the_nearest_name(small):
    (small / "book").mkdir()
    (small / "book/index.md").write_text("# Book\n\n<!-- generated: claim -->\n")

    with pytest.raises(ParameterError, match=r"index.md asks for 'claim'.*Did you mean 'claims'"):
        lay_out(small / "stage")
