"""Course content of a study, ``chapters/<study>/workshop.yml``: minutes, exercises, quizzes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from reread.book.status.regression import Reference, is_number, reference_path
from reread.book.status.run_record import NAME, RunRecord
from reread.book.status.staleness import Status
from reread.core import paths
from reread.core.errors import ParameterError, did_you_mean
from reread.core.files import digest
from reread.core.records import Finite, Record, read_record
from reread.pages import PageRef, builds_on, page, pages, shared_parameters
from reread.studies import Key, Name, Study, Text, Value, every
from reread.studies import find as find_study

Direction = Literal["rises", "falls", "stays"]
DIRECTIONS: tuple[str, ...] = get_args(Direction)
ROUNDING = 1e-6  # share of a value that two runs of one machine may differ by


class Quiz(Record):
    """A question, its choices, the right one of them, and why it is right."""

    ask: Text
    choices: Annotated[tuple[Text, ...], Field(min_length=2, max_length=4)]
    answer: Text
    why: Text

    @model_validator(mode="after")
    def _has_one_answer(self) -> Quiz:
        if self.choices.count(self.answer) != 1:
            raise ValueError(f"the answer must be one of the choices, but is {self.answer!r}")
        return self


class Exercise(Record):
    """A run of a demo page with other parameters, and a value whose change a student predicts.

    A change of at most ``threshold`` counts as none: the value ``stays``. Where the page has no fresh run on
    this machine to compare with, so does a change that the reference allows between processors.
    """

    run: Text
    change: Annotated[dict[Name, Value], Field(min_length=1)]
    value: Text
    ask: Text
    why: Text
    threshold: Annotated[Finite, Field(ge=0)] = 0.0
    stays: bool = False


class Lesson(Record):
    """What a course does with one chapter, and in how many minutes."""

    minutes: Annotated[int, Field(ge=5, le=120)]
    learn: Text
    exercises: Annotated[tuple[Exercise, ...], Field(min_length=1, max_length=2)]
    quiz: Annotated[tuple[Quiz, ...], Field(min_length=3, max_length=3)]


class Workshop(Record):
    """Lessons of one study, by chapter."""

    chapters: dict[Key, Lesson]


@dataclass(frozen=True)
class Task:
    """One exercise beside the reference of its page."""

    name: str
    number: int
    exercise: Exercise
    ref: PageRef
    reference: Reference

    @property
    def command(self) -> str:
        """The command that makes the run."""
        values = " ".join(f"-p {name}={_word(value)}" for name, value in self.exercise.change.items())
        return f"reread run {self.ref.name} {values}"

    @property
    def folder(self) -> Path:
        """Where ``reread run`` keeps the run."""
        values = self.ref.parameters | self.ref.chapter.fitting(self.exercise.change)
        return paths.runs() / "custom" / f"{self.ref.name}-{digest([self.ref.profile, values])[:8]}"

    @cached_property
    def own(self) -> float | None:
        """The value in the run of the page on this machine; None if no run of it is fresh."""
        if Status().state(self.ref).word != "fresh":
            return None
        return RunRecord.read(self.ref.folder).values.get(self.exercise.value)

    @property
    def before(self) -> float:
        """The value in the run of the page on this machine, or else in the reference."""
        return self.reference.pages[self._page][self.exercise.value] if self.own is None else self.own

    @property
    def now(self) -> float | None:
        """The value in the run; None if the page has not run."""
        if not (self.folder / NAME).is_file():
            return None
        return RunRecord.read(self.folder).values.get(self.exercise.value)

    @property
    def _page(self) -> str:
        return self.ref.name.partition("/")[2]

    def outcome(self, now: float) -> Direction:
        """What the value does: computed from two runs of this machine, or a run and the reference."""
        off, is_allowed = abs(now - self.before), False
        if self.own is None:  # the reference is of another processor, which moves values too
            is_allowed = not self.reference.difference(self._page, self.exercise.value, now)
        if is_allowed or off <= max(self.exercise.threshold, ROUNDING * abs(self.before)):
            return "stays"
        return "rises" if now > self.before else "falls"

    def judge(self, answer: str) -> str:
        """Say whether an answer is right and why, with both numbers; without a run, how to make it."""
        if (now := self.now) is None:
            said = f"The run is missing in {paths.runs()}. Run it in a terminal, or in a cell after a !:"
            return f"{said}\n  {self.command}"
        if answer not in DIRECTIONS:
            return f"Set answer to one of: {', '.join(DIRECTIONS)}."
        right = self.outcome(now)
        word = "Right" if answer == right else "Wrong"
        said = f"{word}: {self.exercise.value} {right}, from {self.before:.4g} to {now:.4g}."
        if right == "stays" and now != self.before:
            said += " A difference as small as this counts as none."
        return f"{said}\n{self.exercise.why}"


def _word(value: Value) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f'"{text}"' if " " in text else text


def path_of(study: str) -> Path:
    """Where the content of a study lies."""
    return paths.root() / "chapters" / study / "workshop.yml"


def find(study: str) -> Workshop:
    """The content of a study; a ParameterError names what is wrong, and where."""
    record, path = find_study(study), path_of(study)
    found = read_record(path, Workshop)
    for key in found.chapters:
        if key not in (known := [chapter.key for chapter in record.chapters]):
            raise ParameterError(f"{path}: there is no chapter {key!r}. {did_you_mean(key, known)}")
    return found


def lesson(ref: PageRef) -> Lesson | None:
    """The lesson of the chapter of a page; None where the study, or the chapter, has none."""
    if not path_of(ref.study.key).is_file():
        return None
    return find(ref.study.key).chapters.get(ref.chapter.key)


def tasks(study: str) -> Iterator[Task]:
    """Every exercise of a study, checked against its record and its reference."""
    record = find_study(study)
    for key, one in find(study).chapters.items():
        for number, exercise in enumerate(one.exercises, start=1):
            try:
                yield _task(record, f"{study}/{key}", number, exercise)
            except ParameterError as error:
                raise ParameterError(f"{path_of(study)}: exercise {number} of {key}: {error}") from None


def task(name: str, number: int) -> Task:
    """One exercise, by its chapter (``networks/01-pairs-and-their-audit``) and number."""
    found = [one for one in tasks(name.partition("/")[0]) if one.name == name]
    if not 1 <= number <= len(found):
        raise ParameterError(f"{name} has {len(found)} exercises with a check, and no number {number}.")
    return found[number - 1]


def _task(study: Study, name: str, number: int, exercise: Exercise) -> Task:
    ref = page(f"{study.key}/{exercise.run}")
    same = [k for k, v in ref.chapter.fitting(exercise.change).items() if ref.parameters[k] == v]
    # a page upstream with another value would have to run first
    ups = [up for up in ref.upstream if builds_on(ref, up.chapter.key)]
    above = [name for up in ups for name in shared_parameters(ref, up.chapter.key)]
    shared = [name for name in exercise.change if name in above]
    if wrong := [*same, *shared]:
        raise ParameterError(f"{wrong[0]} must be another value, and one that no page upstream shares.")
    reference = read_record(reference_path(study, "demo"), Reference)
    values = reference.pages.get(ref.name.partition("/")[2], {})
    if not is_number(values.get(exercise.value)):
        near = did_you_mean(exercise.value, values)
        raise ParameterError(f"{ref.name} measures no number {exercise.value!r}. {near}")
    return Task(name, number, exercise, ref, reference)


def course_plan(study: Study) -> str:
    """Table of the lessons of a study: minutes, chapter, and what students learn."""
    lessons = find(study.key).chapters
    rows = [f"| {one.minutes} | {study.chapter(key).title} | {one.learn} |" for key, one in lessons.items()]
    total = sum(one.minutes for one in lessons.values())
    head = "| minutes | chapter | what students learn |\n| --- | --- | --- |"
    return "\n".join([head, *rows, f"\n{total} minutes in all, without breaks."])


def course_plans() -> str:
    """The course plan of every study that has one, under headings."""
    planned = [study for study in every() if path_of(study.key).is_file()]
    return "\n\n".join(f"## Course plan for the {s.key} study\n\n{course_plan(s)}" for s in planned)


def first_page(study: str, chapter: str) -> PageRef:
    """The demo page whose parameters the notebook of a chapter holds."""
    return next(ref for ref in pages("demo", study) if ref.chapter.key == chapter)
