"""Course content is read strictly, and the answer of an exercise is computed from a run and the reference."""

from __future__ import annotations

import dataclasses
import shutil

import pytest
from reread import workshop
from reread.book.running.page_run import run_page
from reread.book.workshop import content
from reread.core.errors import ParameterError
from reread.pages import page
from reread.studies import every

STUDIES = [study.key for study in every()]
AUDIT = "networks/01-pairs-and-their-audit"


@pytest.mark.parametrize("study", STUDIES)
def test_every_exercise_names_a_page_a_parameter_and_a_value_that_exist(study):
    found = list(content.tasks(study))

    assert {one.name for one in found} == {f"{study}/{key}" for key in content.find(study).chapters}


@pytest.mark.parametrize("study", STUDIES)
def test_right_choices_are_not_all_in_one_place(study):
    quizzes = [quiz for lesson in content.find(study).chapters.values() for quiz in lesson.quiz]
    places = [quiz.choices.index(quiz.answer) for quiz in quizzes]

    assert len(set(places)) > 1
    assert max(map(places.count, places)) < len(places)


@pytest.fixture
def no_run_here(monkeypatch) -> None:
    """The page of no exercise has run on this machine."""
    monkeypatch.setattr(content.Task, "own", None)


@pytest.fixture
def task(no_run_here) -> content.Task:
    return content.task(AUDIT, 1)


def test_the_answer_is_computed_and_small_changes_count_as_none(task):
    before = task.before

    assert [task.outcome(before + step) for step in (0.1, -0.1, 0.01, 0)] == [
        "rises",
        "falls",
        "stays",
        "stays",
    ]


def test_a_change_within_what_the_reference_allows_between_processors_counts_as_none(no_run_here):
    task = content.task("maize/02-tissue-cnn", 1)

    assert task.exercise.threshold < 0.2
    assert [task.outcome(task.before + step) for step in (0.2, 0.3)] == ["stays", "rises"]


STAYS = ["genomes/03-one-gene-all-people", "genomes/05-predicted-against-measured", "maize/05-null-test"]


@pytest.mark.parametrize("name", STAYS)
def test_a_move_that_the_reference_allows_is_seen_beside_a_run_of_this_machine(name, monkeypatch):
    task = content.task(name, 1)
    monkeypatch.setattr(content.Task, "own", 0.01)

    assert task.exercise.stays
    assert [task.outcome(0.01 + step) for step in (0, 0.1, -0.1)] == ["stays", "rises", "falls"]


@pytest.mark.parametrize("name", STAYS)
def test_an_exercise_that_stays_is_checked_beside_a_run_of_this_machine(
    name, no_run_here, monkeypatch, capsys
):
    task, ran = content.task(name, 1), []
    before = task.before

    def run(ref, say):
        ran.append(ref.name)
        monkeypatch.setattr(content.Task, "own", before)

    monkeypatch.setattr("reread.book.running.page_run.run_page", run)
    monkeypatch.setattr(workshop, "_prepare", lambda ref, say: None)
    monkeypatch.setattr(content.Task, "now", before + 0.1)

    assert task.outcome(before + 0.1) == "stays"  # the reference allows as much between processors
    assert not workshop._holds(task, "1 of 1")
    assert ran == [task.ref.name]
    assert f"rises: {before:.4g} to {before + 0.1:.4g}  refused" in capsys.readouterr().out


def test_the_judgement_has_both_numbers_and_the_reason_and_a_missing_run_its_command(
    task, monkeypatch, tmp_path
):
    monkeypatch.setenv("REREAD_RUNS", str(tmp_path))
    assert "reread run networks/01-pairs-and-their-audit.simulated -p pool=60" in task.judge("falls")

    monkeypatch.setattr(content.Task, "now", 0.5)
    assert task.judge("falls").startswith("Right: one_hot_auroc falls, from 0.8247 to 0.5.")
    assert task.judge("rises").startswith("Wrong: one_hot_auroc falls, from 0.8247 to 0.5.")
    assert task.exercise.why in task.judge("rises")
    assert "rises, falls, stays" in task.judge("")
    monkeypatch.setattr(content.Task, "now", task.before + 0.001)
    assert "stays, from 0.8247 to 0.8257. A difference as small as this counts as none." in task.judge(
        "stays"
    )


def _edited(tmp_path, monkeypatch, old: str, new: str) -> None:
    path = content.path_of("networks")
    text = path.read_text()
    assert old in text
    copy = tmp_path / "workshop.yml"
    copy.write_text(text.replace(old, new, 1))
    monkeypatch.setattr(content, "path_of", lambda study: copy)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "    minutes: 30",
            "    minute: 30",
            "workshop.yml, line 4: chapters.01-pairs-and-their-audit.minute",
        ),
        ("change: {pool: 60}", "change: {pool: 16}", "pool must be another value"),
        ("change: {pool: 60}", "change: {pol: 60}", "Did you mean 'pool'"),
        ("value: one_hot_auroc", "value: one_hot_auruc", "Did you mean 'one_hot_auroc'"),
        ("  02-deeptgi:", "  02-deepgti:", "Did you mean '02-deeptgi'"),
        ("n_trees: 5, schemes", "negatives: matched, schemes", "no page upstream shares"),
        ("answer: Held-out TFs and held-out genes.", "answer: Held-out pairs.", "must be one of the choices"),
    ],
)
def test_a_wrong_record_is_refused_with_its_place(tmp_path, monkeypatch, old, new, said):
    _edited(tmp_path, monkeypatch, old, new)

    with pytest.raises(ParameterError) as error:
        list(content.tasks("networks"))
    assert said in str(error.value)


def test_an_exercise_that_is_not_there_is_refused():
    with pytest.raises(ParameterError, match="2 exercises with a check, and no number 3"):
        content.task(AUDIT, 3)


def test_an_exercise_whose_value_does_not_move_may_not_stand(task, monkeypatch, capsys):
    monkeypatch.setattr(content.Task, "now", task.before)
    assert not workshop._holds(task, "1 of 1")
    stays = dataclasses.replace(task, exercise=task.exercise.model_copy(update={"stays": True}))
    assert workshop._holds(stays, "1 of 1")

    monkeypatch.setattr(content.Task, "now", 0.5)
    assert workshop._holds(task, "1 of 1")
    assert not workshop._holds(stays, "1 of 1")
    assert capsys.readouterr().out.count("refused") == 2


def test_a_page_upstream_runs_first_where_no_run_of_it_is_fresh(finished):
    ref, said = page("maize/02-genes.short"), []
    workshop._prepare(ref, said.append)
    assert said == []

    shutil.rmtree(page("maize/01-cells").folder)
    workshop._prepare(ref, said.append)
    assert said == ["maize/02-genes.short builds on maize/01-cells, which runs first."]
    assert (page("maize/01-cells").folder / "record.json").is_file()


@pytest.mark.slow
def test_one_exercise_is_run_answered_wrongly_and_rightly(task, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("REREAD_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("REREAD_STATE", str(tmp_path / "state"))
    workshop.check(AUDIT, 1, answer="falls")
    assert task.command in capsys.readouterr().out

    folder = run_page(task.ref, overrides=task.exercise.change, say=lambda line: None)

    assert folder == task.folder
    for answer, word in (("rises", "Wrong"), ("falls", "Right")):
        workshop.check(AUDIT, 1, answer=answer)
        assert capsys.readouterr().out.startswith(f"{word}: one_hot_auroc falls, from 0.8247 to ")
