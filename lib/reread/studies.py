"""The record of each study, ``chapters/<study>/study.yml``: paper, sources, chapters, claims, checks."""

from __future__ import annotations

import hashlib
import keyword
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from reread.core import paths as places
from reread.core.errors import ParameterError, did_you_mean
from reread.core.parameters import FROM_SOURCES, PROFILES, Parameter, Profile, Value
from reread.core.parameters import TYPES as TYPES
from reread.core.records import Finite, Record, read_record

Scope = Literal["own", "simulated", "subset", "full"]
SCOPES: tuple[Scope, ...] = ("own", "simulated", "subset", "full")
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Title = Annotated[Text, AfterValidator(lambda title: _plain_title(title))]
Quote = Annotated[str, AfterValidator(lambda words: _short_quote(words))]
LONGEST_QUOTE = 25  # words
# what the guard cell binds, beside Python's own words
TAKEN = ("chapter", "page", *keyword.kwlist)


def _plain_title(title: str) -> str:
    """Refuse what a heading or the table of contents would read as markup."""
    wrong = sorted({sign for sign in title if sign in "<>`\r\n"})
    if wrong:
        raise ValueError(f"a title is one line of plain text, but holds {' '.join(map(repr, wrong))}")
    return title


def _short_quote(words: str) -> str:
    """Refuse a quotation that is longer than what may be quoted of a claim."""
    if len(words.split()) > LONGEST_QUOTE:
        raise ValueError(f"a quote has at most {LONGEST_QUOTE} words, but this one has {len(words.split())}")
    return " ".join(words.split())


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


class Page(Record):
    """A named set of parameters that is rendered as a page of its own.

    A value in ``set`` holds in every profile, or is a mapping from profile to value.
    """

    title: Title
    profiles: Annotated[tuple[Profile, ...], Field(min_length=1)] = PROFILES
    set: dict[str, Value | dict[Profile, Value]] = {}  # noqa: RUF012 (pydantic copies defaults)

    def values(self, profile: Profile) -> dict[str, Value]:
        """What the page sets in one profile."""
        here = {k: v.get(profile) if isinstance(v, dict) else v for k, v in self.set.items()}
        return {name: value for name, value in here.items() if value is not None}


class Resources(Record):
    """What a cluster gives the job of a page; ``reread build`` on this machine does not limit it."""

    memory_gb: Annotated[int, Field(ge=1)] = 4
    minutes: Annotated[int, Field(ge=1)] = 60
    gpus: Annotated[int, Field(ge=0)] = 0


class Chapter(Record):
    """One notebook: its question, what must run before it, its parameters and pages, what a job needs."""

    key: Key
    title: Title
    question: str
    needs: tuple[Key, ...] = ()
    parameters: dict[Name, Parameter]
    pages: dict[Key, Page] = {}  # noqa: RUF012 (pydantic copies defaults)
    resources: dict[Profile, Resources] = {}  # noqa: RUF012 (pydantic copies defaults)

    @model_validator(mode="after")
    def _every_value_fits(self) -> Chapter:
        for name in self.parameters.keys() & set(TAKEN):
            raise ValueError(f"no parameter can be called {name!r}: Python or the page needs the word")
        for key, page in self.pages.items():
            for profile in PROFILES:
                try:
                    self.fitting(page.values(profile))
                except ParameterError as error:
                    raise ValueError(f"page {key} in {profile}: {error}") from None
        return self

    def values(self, profile: Profile, page: str = "") -> dict[str, Value]:
        """Parameter values of one page in one profile, unchecked."""
        values = {name: getattr(parameter, profile) for name, parameter in self.parameters.items()}
        return values | (self.pages[page].values(profile) if page else {})

    def fitting(self, values: dict[str, Any]) -> dict[str, Value]:
        """Check names and values; a ParameterError names the nearest parameter, or what was wanted."""
        return {name: self._parameter(name).check(name, value) for name, value in values.items()}

    def parsed(self, texts: dict[str, str]) -> dict[str, Value]:
        """Read the texts of a command line by the declared types, and check them as :meth:`fitting` does."""
        return {name: self._parameter(name).parse(name, text) for name, text in texts.items()}

    def _parameter(self, name: str) -> Parameter:
        if name not in self.parameters:
            near = did_you_mean(name, self.parameters)
            raise ParameterError(f"Chapter {self.key} has no parameter {name!r}. {near}")
        return self.parameters[name]

    def sources(self, values: dict[str, Value]) -> list[str]:
        """Names of the sources that a set of values reads."""
        named = [str(values[k]) for k, p in self.parameters.items() if p.type in FROM_SOURCES]
        return [word for words in named for word in words.split()]


class Published(Record):
    """What the paper printed; without a value, why there is none."""

    metric: str
    value: Finite | None = None
    why_null: str = ""


class Answer(Record):
    """The page and the key of the measured value that answers a claim."""

    chapter: str
    key: str
    page: str = ""


class Tolerance(Record):
    """Largest difference that still counts as reproduced, fixed before the run, and why.

    ``absolute`` and ``relative`` compare with the published value; ``above`` and ``below`` compare ours with
    ``value``.
    """

    rule: Literal["absolute", "relative", "above", "below"]
    value: Finite
    why: Text

    @model_validator(mode="after")
    def _is_a_distance(self) -> Tolerance:
        if self.rule in ("absolute", "relative") and self.value < 0:
            raise ValueError(f"a distance is not negative, but came as {self.value:g}")
        return self


class Claim(Record):
    """A published claim in the authors' words (``quote``), its place, and how it is judged.

    ``neutral`` is the value without any effect (0 for a difference, 0.5 for an AUROC). Name it only where
    the measured value could lie on its other side; then ``same direction`` is a possible verdict.
    """

    id: Text
    says: Text
    kind: Literal["value", "direction", "ranking", "set overlap"]
    made_by: Literal["paper", "third party", "ours"] = "paper"
    locator: str
    quote: Quote = ""
    published: Published
    answered_by: Answer | None = None
    protocol: Literal["as published", "corrected"]
    tolerance: Tolerance | None = None
    data_scope: Scope = "subset"
    blocked_by: str = ""
    neutral: Finite | None = None

    @model_validator(mode="after")
    def _can_be_judged(self) -> Claim:
        if self.data_scope == "own":
            raise ValueError(
                "a reader's own data answer no claim: data_scope must be simulated, subset or full"
            )
        if self.published.value is None and not self.published.why_null:
            raise ValueError("published needs a value, or why_null says why there is none")
        if not self.blocked_by and (self.answered_by is None or self.tolerance is None):
            raise ValueError("needs answered_by and tolerance, or blocked_by says what is missing")
        measures = self.tolerance is not None and self.tolerance.rule in ("absolute", "relative")
        if measures and self.published.value is None:
            raise ValueError(f"tolerance {self.tolerance.rule!r} needs a published value")
        if self.tolerance and not measures and self.kind == "value" and self.neutral is None:
            raise ValueError("a value with a bound needs neutral: without a number it has a direction only")
        if measures and self.tolerance.rule == "relative" and not self.published.value:
            raise ValueError("a relative tolerance around a published 0 allows nothing; use an absolute one")
        return self


class Check(Record):
    """A check: a bound that a value must keep, on simulated data or against our own earlier measurement."""

    id: Text
    says: Text
    scope: Scope = "simulated"
    answered_by: Answer
    min: Finite | None = None
    max: Finite | None = None

    @model_validator(mode="after")
    def _can_fail(self) -> Check:
        if self.min is None and self.max is None:
            raise ValueError("needs min or max: a check without a bound cannot fail")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self


class Study(Record):
    """One paper and everything about it that is neither code nor prose.

    ``headline`` names the page (``chapter`` or ``chapter.page``) whose answer is the finding of the study.
    """

    key: Key
    title: Title
    paper: Paper
    sources: dict[Key, Source]
    chapters: tuple[Chapter, ...]
    claims: tuple[Claim, ...] = ()
    checks: tuple[Check, ...] = ()
    headline: str = ""
    headline_figure: str = ""

    @model_validator(mode="after")
    def _names_exist_once(self) -> Study:
        _once([chapter.key for chapter in self.chapters], "chapter")
        _once([entry.id for entry in (*self.claims, *self.checks)], "id")
        seen: set[str] = set()
        for chapter in self.chapters:
            _known(chapter.needs, seen, f"chapter {chapter.key} needs")
            seen.add(chapter.key)
            for name, parameter in chapter.parameters.items():
                if parameter.type in FROM_SOURCES:
                    _known(parameter.choices, self.sources, f"{name} of {chapter.key} offers the source")
        for entry in (*self.claims, *self.checks):
            if entry.answered_by:
                _known([entry.answered_by.chapter], seen, f"{entry.id} answered_by chapter")
                pages = self.chapter(entry.answered_by.chapter).pages
                _known([entry.answered_by.page], pages or {""}, f"{entry.id} answered_by page")
        if self.headline:
            chapter, _, page = self.headline.partition(".")
            _known([chapter], seen, "headline")
            _known([page], self.chapter(chapter).pages or {""}, "headline page")
        return self

    def chapter(self, key: str) -> Chapter:
        """Find a chapter, or say which name is near."""
        found = [chapter for chapter in self.chapters if chapter.key == key]
        if not found:
            known = [chapter.key for chapter in self.chapters]
            raise ParameterError(f"{self.key} has no chapter {key!r}. {did_you_mean(key, known)}")
        return found[0]


def find(key: str) -> Study:
    """The record of one study; a ParameterError if there is none or it is wrong."""
    path = places.root() / "chapters" / key / "study.yml"
    if not path.is_file():
        raise ParameterError(f"There is no study {key!r}. {did_you_mean(key, [s.key for s in every()])}")
    study = _read(path, hashlib.sha256(path.read_bytes()).digest())
    if study.key != key:
        raise ParameterError(f"{path} must have the key of its folder, {key!r}, but has {study.key!r}.")
    return study


def every() -> list[Study]:
    """The records of all studies, in the order of the book; a ParameterError if there is none."""
    folder = places.root() / "chapters"
    found = [find(key) for key in places.STUDIES if (folder / key / "study.yml").is_file()]
    if not found:
        raise ParameterError(
            f"There is no study in {folder}.\nGo to a checkout, or name one with REREAD_HOME."
        )
    return found


@lru_cache(maxsize=16)
def _read(path: Path, _content: bytes) -> Study:
    return read_record(path, Study)


def _once(names: Iterable[str], what: str) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise ValueError(f"{what} {name!r} is used {count} times; each needs its own")


def _known(names: Any, known: Any, what: str) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"{what} {name!r}, which does not exist. {did_you_mean(name, known)}")
