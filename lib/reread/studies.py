"""The record of each study, ``chapters/<study>/study.yml``: paper, sources, chapters, claims, checks.

A study has chapters, a chapter has parameters with one value for each profile, and pages: named sets of
parameters, one rendered page each.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import StringConstraints, model_validator

from reread.core import places
from reread.core.errors import ParameterError, did_you_mean
from reread.core.records import Record, read_record

Profile = Literal["demo", "real", "paper"]
Scope = Literal["simulated", "subset", "full"]
Value = bool | int | float | str
PROFILES: tuple[Profile, ...] = ("demo", "real", "paper")
SCOPES: tuple[Scope, ...] = ("simulated", "subset", "full")
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
TYPES = {"int": int, "float": float, "str": str, "bool": bool, "words": str, "source": str, "sources": str}


class Paper(Record):
    """The paper that is read again, and the code its authors published."""

    title: str
    authors: str
    year: int
    journal: str
    doi: str
    code: str = ""
    commit: str = ""
    licence: str = ""


class Source(Record):
    """Where a chapter's data may come from, and which claims such data can answer."""

    holds: str
    scope: Scope
    datasets: tuple[str, ...] = ()


class Parameter(Record):
    """One knob of a chapter: what it is, what it may be, and its value in each profile."""

    type: Literal["int", "float", "str", "bool", "words", "source", "sources"]
    help: str
    unit: str = ""
    min: float | None = None
    max: float | None = None
    choices: tuple[str, ...] = ()
    demo: Value
    real: Value
    paper: Value

    def check(self, name: str, value: Any) -> Value:
        """Return ``value`` if it fits, else say what was wanted.

        Raises
        ------
        ParameterError
            If the type is wrong, the value out of range, or a word not among the choices.
        """
        wanted = TYPES[self.type]
        fits = isinstance(value, wanted) and not (isinstance(value, bool) and wanted is not bool)
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value, fits = float(value), True
        if not fits:
            raise ParameterError(f"{name} must be {self.wanted()}, but came as {value!r}.")
        if (self.min is not None and value < self.min) or (self.max is not None and value > self.max):
            raise ParameterError(f"{name} must be {self.wanted()}, but came as {value}.")
        for word in self._words(value):
            if self.choices and word not in self.choices:
                raise ParameterError(
                    f"{name} must be {self.wanted()}, but came as {value!r}. "
                    + did_you_mean(word, self.choices)
                )
        return value

    def wanted(self) -> str:
        """Type, bounds, unit and choices in words."""
        kind = {"int": "a whole number", "float": "a number", "bool": "True or False"}.get(self.type, "text")
        kind = "words, split by spaces," if self.type in ("words", "sources") else kind
        low = f" of at least {self.min:g}" if self.min is not None else ""
        high = f"{' and' if low else ' of'} at most {self.max:g}" if self.max is not None else ""
        among = f" among {', '.join(self.choices)}" if self.choices else ""
        return f"{kind}{low}{high}{among}" + (f" ({self.unit})" if self.unit else "")

    def _words(self, value: Value) -> list[str]:
        if self.type in ("words", "sources"):
            return str(value).split()
        return [str(value)] if self.choices else []


class Page(Record):
    """A named set of parameters that is rendered as a page of its own.

    A value in ``set`` holds in every profile, or is a mapping from profile to value.
    """

    title: str
    profiles: tuple[Profile, ...] = PROFILES
    set: dict[str, Value | dict[Profile, Value]] = {}  # noqa: RUF012 (pydantic copies defaults)

    def values(self, profile: Profile) -> dict[str, Value]:
        """What the page sets in one profile."""
        here = {k: v.get(profile) if isinstance(v, dict) else v for k, v in self.set.items()}
        return {name: value for name, value in here.items() if value is not None}


class Chapter(Record):
    """One notebook: its question, what must run before it, its parameters and pages."""

    key: Key
    title: str
    question: str
    needs: tuple[Key, ...] = ()
    parameters: dict[str, Parameter]
    pages: dict[Key, Page] = {}  # noqa: RUF012 (pydantic copies defaults)

    @model_validator(mode="after")
    def _every_value_fits(self) -> Chapter:
        for profile in PROFILES:
            for page in self.pages or {"": Page(title=self.title)}:
                self.fitting(self.values(profile, page))
        return self

    def values(self, profile: Profile, page: str = "") -> dict[str, Value]:
        """Parameter values of one page in one profile, unchecked."""
        values = {name: getattr(parameter, profile) for name, parameter in self.parameters.items()}
        return values | (self.pages[page].values(profile) if page else {})

    def fitting(self, values: dict[str, Any]) -> dict[str, Value]:
        """Check names and values against the record.

        Raises
        ------
        ParameterError
            If a name is unknown (with the nearest known one) or a value does not fit.
        """
        for name in values:
            if name not in self.parameters:
                near = did_you_mean(name, self.parameters)
                raise ParameterError(f"Chapter {self.key} has no parameter {name!r}. {near}")
        return {name: self.parameters[name].check(name, value) for name, value in values.items()}

    def sources(self, values: dict[str, Value]) -> list[str]:
        """Names of the sources that a set of values reads."""
        named = [str(values[k]) for k, p in self.parameters.items() if p.type in ("source", "sources")]
        return [word for words in named for word in words.split()]


class Published(Record):
    """What the paper printed; without a value, why there is none."""

    metric: str
    value: float | None = None
    why_null: str = ""


class Answer(Record):
    """Which measured value of which page answers a claim."""

    chapter: str
    key: str
    page: str = ""


class Tolerance(Record):
    """How near is near enough, fixed before the run, and why.

    ``absolute`` and ``relative`` compare with the published value; ``above`` and ``below`` compare ours with
    ``value``.
    """

    rule: Literal["absolute", "relative", "above", "below"]
    value: float
    why: str


class Claim(Record):
    """A published claim (or one of ours), its place, and how it is judged."""

    id: str
    says: str
    kind: Literal["value", "direction", "ranking", "set overlap"]
    made_by: Literal["paper", "third party", "ours"] = "paper"
    locator: str
    published: Published
    answered_by: Answer | None = None
    protocol: Literal["as published", "corrected"]
    tolerance: Tolerance | None = None
    data_scope: Scope = "subset"
    blocked_by: str = ""

    @model_validator(mode="after")
    def _can_be_judged(self) -> Claim:
        if self.published.value is None and not self.published.why_null:
            raise ValueError("published needs a value, or why_null says why there is none")
        if not self.blocked_by and (self.answered_by is None or self.tolerance is None):
            raise ValueError("needs answered_by and tolerance, or blocked_by says what is missing")
        measures = self.tolerance is not None and self.tolerance.rule in ("absolute", "relative")
        if measures and self.published.value is None:
            raise ValueError(f"tolerance {self.tolerance.rule!r} needs a published value")
        return self


class Check(Record):
    """A planted-truth check: a bound that a value on simulated data must keep."""

    id: str
    says: str
    answered_by: Answer
    min: float | None = None
    max: float | None = None


class Study(Record):
    """One paper and everything about it that is neither code nor prose."""

    key: Key
    title: str
    paper: Paper
    sources: dict[Key, Source]
    chapters: tuple[Chapter, ...]
    claims: tuple[Claim, ...] = ()
    checks: tuple[Check, ...] = ()

    @model_validator(mode="after")
    def _names_exist(self) -> Study:
        seen: set[str] = set()
        for chapter in self.chapters:
            _known(chapter.needs, seen, f"chapter {chapter.key} needs")
            seen.add(chapter.key)
            for profile in PROFILES:
                for page in chapter.pages or {"": None}:
                    _known(chapter.sources(chapter.values(profile, page)), self.sources, "source")
        for entry in (*self.claims, *self.checks):
            if entry.answered_by:
                _known([entry.answered_by.chapter], seen, f"{entry.id} answered_by chapter")
                pages = self.chapter(entry.answered_by.chapter).pages
                _known([entry.answered_by.page], pages or {""}, f"{entry.id} answered_by page")
        return self

    def chapter(self, key: str) -> Chapter:
        """Find a chapter, or say which name is near."""
        found = [chapter for chapter in self.chapters if chapter.key == key]
        if not found:
            known = [chapter.key for chapter in self.chapters]
            raise ParameterError(f"{self.key} has no chapter {key!r}. {did_you_mean(key, known)}")
        return found[0]


def find(key: str) -> Study:
    """The record of one study.

    Raises
    ------
    ParameterError
        If there is no such study or its record is wrong.
    """
    path = places.root() / "chapters" / key / "study.yml"
    if not path.is_file():
        raise ParameterError(f"There is no study {key!r}. {did_you_mean(key, [s.key for s in every()])}")
    return _read(path, path.stat().st_mtime_ns)


def every() -> list[Study]:
    """The records of all studies, in the order of the book."""
    folder = places.root() / "chapters"
    return [find(key) for key in places.STUDIES if (folder / key / "study.yml").is_file()]


@lru_cache(maxsize=16)
def _read(path: Path, _mtime: int) -> Study:
    return read_record(path, Study)


def _known(names: Any, known: Any, what: str) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"{what} {name!r}, which is not there. {did_you_mean(name, known)}")
