"""Notebooks of a workshop hold no solution and no MyST, and the archive has the same bytes each time."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import zipfile

import nbformat
import pytest
from reread.book.site import chapter_page
from reread.book.workshop import content, notebooks, pack
from reread.studies import every

STUDIES = [study.key for study in every()]


def of_study(study: str, *, is_solved: bool) -> dict[str, dict]:
    return notebooks.of_study(study, content.find(study).chapters, is_solved=is_solved)


def texts(cells: dict, kind: str) -> str:
    return "\n\n".join(cell["source"] for cell in cells["cells"] if cell["cell_type"] == kind)


@pytest.mark.parametrize("is_solved", [False, True])
@pytest.mark.parametrize("study", STUDIES)
def test_jupyter_can_show_every_cell(study, is_solved):
    for name, cells in of_study(study, is_solved=is_solved).items():
        nbformat.validate(nbformat.from_dict(cells))
        prose = texts(cells, "markdown")
        assert re.findall(r"\{[a-z:]+\}`|^[`:]{3,}\{", prose, re.MULTILINE) == [], name
        assert prose.count("<details>") == prose.count("</details>") >= 3


@pytest.mark.parametrize("study", STUDIES)
def test_students_get_no_solution_and_miss_no_name(study):
    solved = of_study(study, is_solved=True)
    for name, cells in of_study(study, is_solved=False).items():
        folded = re.findall(r"<summary>(.*?)</summary>", texts(cells, "markdown"))
        assert set(folded) == {"Answer"}
        assert "next cell computes" not in texts(cells, "markdown")
        assert any("olution" in text for text in re.findall("<summary>.*", texts(solved[name], "markdown")))
        removed = ast.parse("\n".join(c["source"] for c in solved[name]["cells"] if c["id"] == "solutions"))
        bound = {n.id for n in ast.walk(removed) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        left = {n.id for n in ast.walk(ast.parse(texts(cells, "code"))) if isinstance(n, ast.Name)}
        assert bound & left == set()


def test_the_numbers_of_the_prose_are_those_of_the_reference_and_citations_have_a_year():
    cells = of_study("networks", is_solved=False)["01-pairs-and-their-audit.ipynb"]

    assert "reaches an AUROC of 0.82 on random pairs" in texts(cells, "markdown")
    assert re.search(
        r"DeepTGI \([^)]+, 2025\) receives a transcription factor \(\*TF\*\)", texts(cells, "markdown")
    )


def test_the_last_code_cells_check_the_exercises():
    cells = of_study("networks", is_solved=False)["01-pairs-and-their-audit.ipynb"]["cells"]
    code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]

    assert code[-2:] == [
        f'workshop.check("networks/01-pairs-and-their-audit", {number}, answer="")  # rises, falls or stays'
        for number in (1, 2)
    ]
    assert 'workshop.start("networks/01-pairs-and-their-audit")' in code[0]


def test_a_chapter_page_has_its_quiz_folded_before_the_exercises():
    quiz = notebooks.quiz_for_site(content.find("lincs").chapters["06-drug-target-handle"])
    texts_of_page = ["# Title", "page.figure()", "## Exercises", "page.close()"]
    kinds = ["markdown", "code", "markdown", "code"]
    cells = [
        {"cell_type": kind, "id": text, "source": text, "metadata": {}}
        for kind, text in zip(kinds, texts_of_page, strict=True)
    ]
    parts = [
        {"cell_type": "markdown", "id": key, "source": key} for key in ("head", "data", "table", "verdict")
    ]

    def ids(source: str) -> list[str]:
        shown = {"cell_type": "markdown", "id": "quiz", "source": source}
        return [cell["id"] for cell in chapter_page._with(cells, *parts, shown)]

    assert ids(quiz)[-3:] == ["verdict", "quiz", "## Exercises"]
    assert "quiz" not in ids("")
    assert quiz.count("{dropdown} Answer") == quiz.count("**Question") == 3


@pytest.fixture
def light(monkeypatch):
    """Packing without a build of the wheel."""

    def build(into):
        into.mkdir()
        (into / "reread-0.1.0-py3-none-any.whl").write_bytes(b"wheel")
        return into / "reread-0.1.0-py3-none-any.whl"

    monkeypatch.setattr(pack, "build_wheel", build)


@pytest.mark.parametrize("is_built", [False, True])
def test_the_site_comes_along_where_there_is_one_and_its_lack_is_said(light, monkeypatch, tmp_path, is_built):
    monkeypatch.setenv("REREAD_SITE", str(tmp_path / "built"))
    if is_built:
        (tmp_path / "built/site/maize").mkdir(parents=True)
        (tmp_path / "built/site/index.html").write_text("<h1>The book</h1>")
        (tmp_path / "built/site/maize/index.html").write_text("<h1>Maize</h1>")
    said = []
    out = pack.pack("maize", tmp_path / "a.zip", with_wheels=False, say=said.append)

    with zipfile.ZipFile(out) as archive:
        readme = archive.read("reread-workshop-maize/README.md").decode()
        found = {name for name in archive.namelist() if "/site/" in name}
    assert ("`site/index.html` opens the book" in readme) == is_built
    assert any(str(tmp_path / "built/site") in line for line in said) != is_built
    wanted = {f"reread-workshop-maize/site/{name}" for name in ("index.html", "maize/index.html")}
    assert found == (wanted if is_built else set())


def test_the_archive_has_the_same_bytes_each_time_and_a_script_that_parses(light, tmp_path):
    said = []
    first, second = (
        pack.pack("maize", tmp_path / name, with_wheels=False, say=said.append) for name in ("a.zip", "b.zip")
    )

    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        top, names = "reread-workshop-maize", archive.namelist()
        wanted = {"README.md", "plan.md", "install.sh", "requirements.lock", "student/01-expression.ipynb",
                  "slides/01-expression.html", "instructor/05-null-test.ipynb",
                  "wheels/reread-0.1.0-py3-none-any.whl"}  # fmt: skip
        assert {f"{top}/{name}" for name in wanted} <= set(names)
        assert archive.getinfo(f"{top}/install.sh").external_attr >> 16 & 0o111
        script = archive.read(f"{top}/install.sh").decode()
        json.loads(archive.read(f"{top}/student/01-expression.ipynb"))
        plan = archive.read(f"{top}/plan.md").decode()
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0
    assert "| 30 | Expression data, images and hold-outs |" in plan
    assert "reread run maize/01-expression.simulated -p source=simulated-hard" in plan
    assert said[-1].startswith(str(tmp_path / "b.zip"))
