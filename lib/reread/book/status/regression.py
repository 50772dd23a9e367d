"""Compare runs with the committed reference: what a change of code, packages or machine did to the book.

The reference of a study, ``chapters/<study>/reference/<profile>.json``, holds every measured value by page,
the word of every verdict and the outcome of every planted-truth check. Values may differ within a tolerance;
words may not differ at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from reread.book.status import claims
from reread.book.status.staleness import State, Status
from reread.core import paths as places
from reread.core.errors import RunError
from reread.core.files import write_json
from reread.core.records import Record, read_record
from reread.pages import PageRef, pages
from reread.studies import Answer, Profile, Study, Value, every, find

DRIFTED, CHANGED = 9, 10
RELATIVE = 1e-6  # what another order of summation does to a sum of doubles, with room to spare


class Allowed(Record):
    """How far values may be off: ``absolute``, or ``relative`` to the reference.

    ``pattern`` is for the key of a value (``auroc.*``), or for page and key if it holds a slash
    (``02-deeptgi.corrected/auroc.*``). The first rule that fits counts.
    """

    pattern: str
    absolute: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    relative: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    why: str = Field(min_length=1)

    @model_validator(mode="after")
    def _one_of_two(self) -> Allowed:
        if (self.absolute is None) == (self.relative is None):
            raise ValueError("needs either absolute or relative")
        return self

    def fits(self, page: str, key: str) -> bool:
        """Whether the rule speaks of a value."""
        return fnmatchcase(f"{page}/{key}" if "/" in self.pattern else key, self.pattern)

    def room(self, reference: float) -> float:
        """How far a value may be from its reference."""
        return self.absolute if self.absolute is not None else self.relative * abs(reference)


class Reference(Record):
    """What the runs of one study in one profile gave when the reference was written."""

    tolerances: tuple[Allowed, ...] = ()
    pages: dict[str, dict[str, Value | None]]
    verdicts: dict[str, str] = {}  # noqa: RUF012 (pydantic copies defaults)
    checks: dict[str, str] = {}  # noqa: RUF012 (same)


@dataclass(frozen=True)
class Report:
    """What was compared, a line for each difference, and the exit code it ends in."""

    said: str
    drifted: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    advice: str = ""

    @property
    def exit_code(self) -> int:
        """10 if a verdict or a planted outcome changed, else 9 if anything else differs, else 0."""
        return CHANGED if self.changed else DRIFTED if self.drifted else 0

    def text(self) -> str:
        """Differences, summary, and what to do."""
        differs = [*self.changed, *self.drifted]
        return "\n".join([*differs, self.said, *([self.advice] if differs else [])])


def compare(profile: Profile, study: str = "") -> Report:
    """Compare finished runs with the reference.

    Parameters
    ----------
    profile : str
        Pages of this profile.
    study : str
        One study only; all that have pages in the profile when empty.

    Returns
    -------
    Report
        Nothing to compare, a page that is not fresh, a missing reference: each is a difference, never a pass.

    Raises
    ------
    ParameterError
        If the study is unknown or a reference file is wrong.
    """
    status = Status()
    drifted, changed, n_values, n_words = [], [], 0, 0
    for record in _studies(profile, study):
        path = reference_path(record, profile)
        if not path.is_file():
            drifted.append(f"{record.key} has no reference for {profile}: {_short(path)}")
            continue
        reference = read_record(path, Reference)
        refs = pages(profile, record.key)
        drifted += _values_that_differ(refs, status, reference, path)
        unknown = _open(record, status.states(refs))
        changed += _words_that_differ(record, reference, _outcomes(record, profile, status), unknown)
        n_values += sum(map(len, reference.pages.values()))
        n_words += len(reference.verdicts) + len(reference.checks)
    if not n_values:
        drifted.append(f"There was no value of {profile} to compare.")
    said = f"{n_values} values and {n_words} verdicts of {profile} compared: "
    said += f"{len(changed)} verdicts changed, {len(drifted)} other differences."
    again = f"reread compare --profile {profile}{f' --study {study}' if study else ''} --write"
    return Report(said, tuple(drifted), tuple(changed), f"If all of it is meant, run:  {again}")


def write(profile: Profile, study: str = "") -> Report:
    """Make the finished runs the reference; tolerances that were there are kept.

    Raises
    ------
    RunError
        If a page is not fresh, or there is none; nothing is written then.
    ParameterError
        As :func:`compare`.
    """
    refs = pages(profile, study)
    status = Status()
    lines = [f"  {name}  {state}" for name, state in status.states(refs).items() if state.word != "fresh"]
    if lines or not refs:
        rows = "\n".join(lines) or f"  {study or 'the book'} has no page in {profile}"
        raise RunError(f"Only fresh pages make a reference:\n{rows}\nRun:  reread build", DRIFTED)
    records = _studies(profile, study)
    written = {reference_path(record, profile): _as_of_now(record, profile, status) for record in records}
    for path, reference in written.items():
        write_json(path, reference)
    n_values = sum(len(values) for reference in written.values() for values in reference["pages"].values())
    return Report(f"{n_values} values of {len(refs)} pages written to {', '.join(map(_short, written))}.")


def reference_path(study: Study, profile: Profile) -> Path:
    """Where the reference of a study lies."""
    return places.root() / "chapters" / study.key / "reference" / f"{profile}.json"


def _studies(profile: Profile, study: str) -> list[Study]:
    return [record for record in ([find(study)] if study else every()) if pages(profile, record.key)]


def _as_of_now(study: Study, profile: Profile, status: Status) -> dict[str, Any]:
    path = reference_path(study, profile)
    kept = read_record(path, Reference).tolerances if path.is_file() else ()
    return {
        "tolerances": [rule.model_dump(exclude_none=True) for rule in kept],
        "pages": {_page(ref): status.record(ref).values for ref in pages(profile, study.key)},
        **_outcomes(study, profile, status),
    }


def _outcomes(study: Study, profile: Profile, status: Status) -> dict[str, dict[str, str]]:
    """Word of every verdict and outcome of every check, by id, as the runs of one profile alone give them."""
    claimed, checked = (claims.judge_claim, claims.judge_check)
    return {
        "verdicts": {one.id: claimed(study, one, status, (profile,)).verdict.word for one in study.claims},
        "checks": {one.id: checked(study, one, status, (profile,)).outcome for one in study.checks},
    }


def _open(study: Study, states: dict[str, State]) -> set[str]:
    """Ids of claims and checks whose page has no fresh run: that page is the difference, not their word."""
    entries = [entry for entry in (*study.claims, *study.checks) if entry.answered_by]
    names = {entry.id: _name(study, entry.answered_by) for entry in entries}
    return {key for key, name in names.items() if name in states and states[name].word != "fresh"}


def _values_that_differ(
    refs: list[PageRef], status: Status, reference: Reference, path: Path
) -> Iterator[str]:
    """A line for each value, page and tolerance that does not fit."""
    for ref in refs:
        before = reference.pages.get(_page(ref), {})
        if not before:
            yield f"{ref.name} has no value in {_short(path)}"
        elif status.state(ref).word != "fresh":
            yield f"{ref.name} cannot be compared, its run is {status.state(ref)}"
        else:
            yield from _page_differences(ref, before, status.record(ref).values, reference.tolerances)
    for gone in reference.pages.keys() - {_page(ref) for ref in refs}:
        yield f"{path.parts[-3]}/{gone} is in {_short(path)}, but is no page any more"
    for rule in reference.tolerances:
        if not any(rule.fits(page, key) for page, values in reference.pages.items() for key in values):
            yield f"tolerance {rule.pattern!r} in {_short(path)} fits no value"


def _page_differences(
    ref: PageRef, before: dict[str, Value], now: dict[str, Value], rules: Iterable[Allowed]
) -> Iterator[str]:
    for key in dict.fromkeys([*before, *now]):
        if key not in now:
            yield f"{ref.name}  {key}  is not measured any more (reference {before[key]!r})"
        elif key not in before:
            yield f"{ref.name}  {key}  is not in the reference (now {now[key]!r})"
        else:
            rule = next((rule for rule in rules if rule.fits(_page(ref), key)), _DEFAULT)
            why = _difference(before[key], now[key], rule)
            if why:
                yield f"{ref.name}  {key}  {why}"


def _difference(before: Value, now: Value, rule: Allowed) -> str:
    """How a value differs from its reference; empty if it does not."""
    if not (_is_number(before) and _is_number(now)):
        is_equal = type(before) is type(now) and before == now
        return "" if is_equal else f"reference {before!r}  now {now!r}"
    off, room = abs(now - before), rule.room(before)
    # equal infinities, or both not a number: their difference says nothing
    if off <= room < math.inf or before == now or (math.isnan(before) and math.isnan(now)):
        return ""
    return f"reference {before!r}  now {now!r}  off by {off:.3g}, allowed {room:.3g} ({rule.why})"


def _words_that_differ(
    study: Study, reference: Reference, now: dict[str, dict[str, str]], unknown: set[str]
) -> Iterator[str]:
    """A line for each verdict and planted outcome that is another word, came or went."""
    for kind, what in (("verdicts", "verdict"), ("checks", "planted truth")):
        before, ours = getattr(reference, kind), now[kind]
        for key in (key for key in dict.fromkeys([*before, *ours]) if key not in unknown):
            then, word = before.get(key, "none"), ours.get(key, "none")
            if then != word:
                yield f"{study.key}  {what} {key}  reference {then}  now {word}"


def _name(study: Study, answer: Answer) -> str:
    return f"{study.key}/{answer.chapter}" + (f".{answer.page}" if answer.page else "")


def _page(ref: PageRef) -> str:
    return ref.name.partition("/")[2]


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _short(path: Path) -> str:
    return str(path.relative_to(places.root()))


_DEFAULT = Allowed(pattern="*", relative=RELATIVE, why="the default")
