"""Recorded runs in the book: shown first, judged, marked when outdated, refused when altered."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
import yaml
from reread.book import transfer as recorded
from reread.book.running.page_run import run_page
from reread.book.site import build as site
from reread.book.site import stage
from reread.book.status import staleness
from reread.cli import app
from reread.core.errors import DataError
from reread.pages import pages

SHORT = "maize/real/02-genes.short/index.ipynb"


@pytest.fixture(scope="module")
def recorded_once(run_once, tmp_path_factory) -> Path:
    """The tiny study with demo runs, and runs on real data that are recorded only."""
    root = tmp_path_factory.mktemp("recorded") / "tiny"
    shutil.copytree(run_once, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REREAD_HOME", str(root))
        for ref in pages("real"):
            run_page(ref, say=lambda line: None)
        recorded.record_runs("real")
    shutil.rmtree(root / "runs/real")
    return root


@pytest.fixture
def book(recorded_once, finished, monkeypatch) -> Path:
    """A checkout with recorded runs whose site is laid out, but not rendered."""
    shutil.rmtree(finished)
    shutil.copytree(recorded_once, finished)
    monkeypatch.setattr(
        stage, "library", lambda: {"records": ("Files", {"reread.core.files": ["read_json"]})}
    )
    monkeypatch.setattr(site, "make", lambda *_: None)
    return finished


def staged(book: Path) -> Path:
    site.build_site("demo", app=app)
    return book / "_build/stage"


def verdict(folder: Path) -> dict:
    (claim,) = json.loads((folder / "claims.json").read_text())
    return claim


def test_a_recorded_page_stands_before_the_page_on_simulated_data(book):
    folder = staged(book)

    (part,) = [
        p for p in yaml.safe_load((folder / "_toc.yml").read_text())["parts"] if p["caption"] == "Maize"
    ]
    assert [entry["file"] for entry in part["chapters"]] == [
        "maize/index",
        "maize/real/index",
        "maize/demo/index",
    ]
    assert (folder / "maize/real/index.md").read_text().startswith("# On real data")
    assert "recorded run of 20" in (folder / SHORT).read_text()
    assert "(simulated data)](/maize/demo/02-genes.short/index.ipynb)" in (folder / SHORT).read_text()


def test_a_claim_is_answered_by_a_recorded_run(book):
    folder = staged(book)

    assert verdict(folder)["verdict"] == "reproduced on a subset"
    assert verdict(folder)["profile"] == "real"


def test_a_figure_without_picture_in_pixels_is_shown_and_offered_as_svg(book):
    folder = staged(book)

    text = (folder / "maize/real/01-cells/index.ipynb").read_text()
    assert "{figure} figures/drawn.svg" in text
    assert "drawn.png" not in text
    assert (folder / "maize/real/01-cells/figures/drawn.svg").is_file()
    assert "drawn.png" in (folder / "maize/demo/01-cells/index.ipynb").read_text()


def test_a_command_of_a_recorded_page_reads_no_file_that_is_not_there(book):
    text = (staged(book) / "maize/real/01-cells/index.ipynb").read_text()

    assert "reread run maize/01-cells --profile real -p seed=7" in text
    assert "runs/real" not in text


def change(book: Path, file: str, old: str, new: str) -> None:
    path = book / "chapters/maize" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_recorded_page_whose_fingerprint_moved_says_what_and_is_outdated(book):
    change(book, "study.yml", "real: sum, paper", "real: mean sum, paper")

    folder = staged(book)

    assert "This run is outdated" in (folder / SHORT).read_text()
    assert "changed: `parameter ways`" in (folder / SHORT).read_text()
    assert verdict(folder)["verdict"] == "outdated"
    assert "This run is outdated" not in (folder / "maize/real/01-cells/index.ipynb").read_text()


@pytest.mark.parametrize("new", ["", "counted = dict(counted)\\npage.close()"])
def test_a_recorded_page_of_other_code_is_shown_with_the_code_that_ran(book, monkeypatch, new):
    monkeypatch.setattr(staleness, "pages", lambda p, s="": [] if p == "demo" else pages(p, s))
    change(book, "02-genes.ipynb", "page.close()", new)

    folder = staged(book)

    assert "changed: `code`" in (folder / SHORT).read_text()
    assert "tables/counted.csv" in (folder / SHORT).read_text()
    assert verdict(folder)["verdict"] == "outdated"


def test_the_front_page_says_that_there_is_no_finding(book):
    text = (staged(book) / "index.md").read_text()

    assert "no recorded run on real data, so there is no finding yet" in text
    assert "no figure of one is shown" in text
    assert "1 of 1 claims were tested" in text


def test_the_front_page_gives_the_finding_of_each_study_on_real_data(book):
    change(book, "study.yml", "key: maize", "key: maize\nheadline: 01-cells\nheadline_figure: drawn")
    path = book / "chapters/maize/01-cells.ipynb"
    notebook = json.loads(path.read_text())
    answer = "Of {glue:text}`cells` plants all grow. The rest is silence."
    notebook["cells"].insert(1, {"cell_type": "markdown", "id": "answer", "metadata": {}, "source": answer})
    path.write_text(json.dumps(notebook))

    text = (staged(book) / "index.md").read_text()

    assert "Of 7 plants all grow. [Read the page](/maize/real/01-cells/index.ipynb)." in text
    assert "silence" not in text
    assert "/maize/real/01-cells/figures/drawn.svg" in text
    assert "[{claim}`M1 <claim-maize-m1>`" in text


def test_an_altered_member_is_refused_by_name(book):
    file = book / "chapters/maize/recorded/real.zip"
    with zipfile.ZipFile(file) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in contents if name.endswith("01-cells/figures/drawn.svg"))
    contents[name] = contents[name].replace(b"<svg", b"<SVG")
    with zipfile.ZipFile(file, "w") as archive:
        for member, content in contents.items():
            archive.writestr(member, content)

    with pytest.raises(DataError, match=r"01-cells was altered: figures/drawn\.svg"):
        site.build_site("demo", app=app)


def test_a_build_with_nothing_to_do_unpacks_no_recorded_run_and_notices_when_one_changes(book, monkeypatch):
    staged(book)
    (book / "_build/site").mkdir()
    (book / "_build/site/index.html").write_text("the book")
    monkeypatch.setattr(stage.Stage, "write", lambda *_: pytest.fail("staged though nothing changed"))

    with monkeypatch.context() as patch:
        patch.setattr(site, "adopt_recorded", lambda *_: pytest.fail("unpacked though nothing changed"))
        site.build_site("demo", app=app)
    site.build_site("real", app=app)  # by recorded runs alone
    file = book / "chapters/maize/recorded/real.zip"
    file.write_bytes(file.read_bytes()[:-400])

    with pytest.raises(DataError, match="is refused"):
        site.build_site("demo", app=app)
