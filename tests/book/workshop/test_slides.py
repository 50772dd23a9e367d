"""Slides need no network and no script, hold the numbers of a run, and say where there is none."""

from __future__ import annotations

import re

import pytest
from reread.book.status.staleness import State, Status
from reread.book.transfer import recorded_runs
from reread.book.workshop import content, slides
from reread.studies import every
from reread.studies import find as find_study

STUDIES = [study.key for study in every()]


def headings(text: str) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", text)


@pytest.fixture(scope="module")
def without_runs(tmp_path_factory):
    """Slides of all studies where nothing has run and nothing was recorded."""
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REREAD_RUNS", str(tmp_path_factory.mktemp("runs")))
        patch.setattr(slides, "adopt_recorded", lambda status, into: None)
        return {study: slides.of_study(study, said.append) for study in STUDIES}, said


@pytest.mark.parametrize("study", STUDIES)
def test_without_a_run_the_numbers_are_those_of_the_reference_and_the_lack_is_said(without_runs, study):
    made, said = without_runs[0][study], without_runs[1][STUDIES.index(study)]

    assert list(made) == [f"{key}.html" for key in content.find(study).chapters]
    assert "so their slides lack figure and table" in said
    assert all(name.removesuffix(".html") in said for name in made)
    for name, text in made.items():
        assert headings(text) == ["Answer", "Limitation", "Exercise"], name
        assert text.count("<section>") == 4
        assert "simulated data" in text


def test_an_answer_has_the_number_of_the_reference_and_an_exercise_its_command(without_runs):
    text = without_runs[0]["networks"]["01-pairs-and-their-audit.html"]

    assert "reaches an AUROC of 0.82 on random pairs" in text
    assert "<code>reread run networks/01-pairs-and-their-audit.simulated -p pool=60</code>" in text


@pytest.mark.parametrize("study", STUDIES)
def test_no_slide_asks_for_the_network_runs_a_script_or_holds_myst(without_runs, study):
    for name, text in without_runs[0][study].items():
        assert re.findall(r"<script|<link|@import|url\(|https?:|\{[a-z:]+\}`|\{glue", text) == [], name


@pytest.mark.parametrize("study", STUDIES)
def test_a_run_gives_one_figure_with_its_caption_and_one_table_of_at_most_eight_rows(study, tmp_path):
    runs = recorded_runs(find_study(study), "real", tmp_path, Status())

    assert runs
    for one in runs:
        figure, table = slides._shown(one.folder, one.ref, one.record)
        assert figure.count("<img src=") == figure.count("<figcaption>") == 1
        assert "{" not in re.sub(r'src="[^"]*"', "", figure)
        assert 1 <= table.count("<tr>") - 1 <= 8
        is_cut = sum(1 for _ in (one.folder / f"tables/{one.record.tables[0]['id']}.csv").open()) > 9
        assert is_cut <= ("the whole table" in table)


@pytest.mark.parametrize("moved", [[], ["code"]])
def test_a_recorded_run_on_real_data_is_shown_and_called_outdated_where_something_moved(
    monkeypatch, tmp_path, moved
):
    monkeypatch.setenv("REREAD_RUNS", str(tmp_path))

    def adopt(status, into):
        for one in recorded_runs(find_study("maize"), "real", into, status):
            status.adopt(one.ref, one.folder, State("stale" if moved else "fresh", moved), one.record)

    monkeypatch.setattr(slides, "adopt_recorded", adopt)
    text = slides.of_study("maize")["01-expression.html"]

    kinds = [re.search(r"<(h1|img|table|code|h2)", one)[1] for one in text.split("<section>")[1:]]
    assert kinds == ["h1", "h2", "img", "h2", "h2", "h2"]
    assert "numbers of real data, 01-expression.walley-2016" in text
    assert ("01-expression.walley-2016, outdated ·" in text) == bool(moved)
