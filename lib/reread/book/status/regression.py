"""Compare runs with the committed reference: what a change of code, packages or machine did to the book.

``chapters/<study>/reference/<profile>.json`` holds measured values, how far each may be off, verdicts and
outcomes. A value may be off by what its rule allows, or by what was measured between numerical kernels
(instruction sets, BLAS, threads), whichever is more; a count that no kernel moved must be equal. Verdicts and
outcomes of checks may not differ at all.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from reread.book.status import claims
from reread.book.status.staleness import Status
from reread.core import paths
from reread.core.errors import ExitCode, ParameterError, RunError
from reread.core.files import write_json
from reread.core.records import Finite, Record, read_record
from reread.pages import PageRef, pages
from reread.studies import Profile, Study, Value, every, find

_RELATIVE = 1e-6  # what another order of summation does to a sum of doubles, with room to spare
_NOISE = 1e-9  # what rounding leaves of a difference between values of the order of one
_MULTIPLE = 3  # of the largest difference seen between kernels


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
        """Whether the rule applies to a value."""
        return fnmatchcase(f"{page}/{key}" if "/" in self.pattern else key, self.pattern)

    def room(self, reference: float) -> float:
        """How far a value may be from its reference."""
        return self.absolute if self.absolute is not None else self.relative * abs(reference)


_DEFAULT = Allowed(pattern="*", relative=_RELATIVE, why="the default")


class Reference(Record):
    """What the runs of one study in one profile gave when the reference was written.

    ``measured`` is page to key to absolute tolerance: ``_MULTIPLE`` times the largest difference between runs
    with the kernels that ``kernels`` names, for values that moved by more than their rule allows.
    """

    tolerances: tuple[Allowed, ...] = ()
    kernels: tuple[str, ...] = ()
    measured: dict[str, dict[str, Finite]] = {}  # noqa: RUF012 (pydantic copies defaults)
    pages: dict[str, dict[str, Value | None]]
    verdicts: dict[str, str] = {}  # noqa: RUF012 (same)
    checks: dict[str, str] = {}  # noqa: RUF012 (same)

    def difference(self, page: str, key: str, now: Value | None) -> str:
        """How a value differs from its reference; empty if it does not, or within what is allowed.

        Words follow from values: where those may move by more than rounding, the words may change.
        """
        before, rule = self.pages[page][key], self._rule(page, key)
        has_room = (rule.absolute or 0) > _NOISE or (rule.relative or 0) > _RELATIVE
        if isinstance(before, str) and isinstance(now, str) and has_room:
            return ""
        if not (is_number(before) and is_number(now)):
            is_equal = type(before) is type(now) and before == now
            return "" if is_equal else f"reference {before!r}  now {now!r}"
        room, why, off = max(rule.room(before), _NOISE), rule.why, abs(now - before)
        if (measured := self.measured.get(page, {}).get(key, 0.0)) > rule.room(before):
            room, why = measured, f"{_MULTIPLE} times the spread over {len(self.kernels)} sets of kernels"
        if off <= room:
            return ""
        return f"reference {before!r}  now {now!r}  off by {off:.3g}, allowed {room:.3g} ({why})"

    def _rule(self, page: str, key: str) -> Allowed:
        return next((rule for rule in self.tolerances if rule.fits(page, key)), _DEFAULT)

    def spread(self, page: str, key: str, others: Iterable[Value | None]) -> float:
        """The absolute tolerance that other runs ask for; 0 where the rule has room for all of them."""
        before = self.pages[page][key]
        numbers = [value for value in others if is_number(value) and is_number(before)]
        if not (off := max((abs(value - before) for value in numbers), default=0)):
            return 0.0
        wanted = _MULTIPLE * off
        if not (float(before).is_integer() and float(off).is_integer()):  # no count: up to two digits
            wanted += _RELATIVE * abs(before) + _NOISE
            step = 10.0 ** (math.floor(math.log10(wanted)) - 1)
            wanted = float(f"{math.ceil(wanted / step) * step:.2g}")
        return wanted if wanted > max(self._rule(page, key).room(before), _NOISE) else 0.0


def reference_path(study: Study, profile: Profile) -> Path:
    """Where the reference of a study lies."""
    return paths.root() / "chapters" / study.key / "reference" / f"{profile}.json"


def is_number(value: Value | None) -> bool:
    """Whether a value is a number, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@dataclass(frozen=True)
class Report:
    """What was compared, a line for each difference, and the exit code it ends in."""

    said: str
    drifted: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    advice: str = ""

    @property
    def exit_code(self) -> int:
        """10 if a verdict or an outcome changed, else 9 if anything else differs, else 0."""
        return ExitCode.VERDICT if self.changed else ExitCode.STALE if self.drifted else ExitCode.OK

    def text(self) -> str:
        """Differences, summary, and what to do."""
        differs = [*self.changed, *self.drifted]
        return "\n".join([*differs, self.said, *([self.advice] if differs and self.advice else [])])


def compare(profile: Profile, study: str = "") -> Report:
    """Compare finished runs with the reference; nothing to compare, or a page that is not fresh, differs."""
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
        # of a page that has no fresh run, that is the difference, not the words of its claims and checks
        stale = {(ref.chapter.key, ref.page) for ref in refs if status.state(ref).word != "fresh"}
        asked = {one.id: one.answered_by for one in (*record.claims, *record.checks) if one.answered_by}
        unknown = {name for name, place in asked.items() if (place.chapter, place.page) in stale}
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
    """Make the finished runs the reference; tolerances that were there are kept."""
    status, paths_written, n_values = _fresh(profile, study), [], 0
    for record in _studies(profile, study):
        path = reference_path(record, profile)
        kept = read_record(path, Reference) if path.is_file() else Reference(pages={})
        values = _values(record, profile, status)
        measured: dict[str, dict[str, float]] = {}
        for page, key in ((p, k) for p in kept.measured for k in kept.measured[p] if k in values.get(p, {})):
            measured.setdefault(page, {})[key] = kept.measured[page][key]
        now = {"measured": measured, "pages": values, **_outcomes(record, profile, status)}
        _write(path, kept.model_copy(update=now))
        paths_written.append(_short(path))
        n_values += sum(map(len, values.values()))
    n_pages = len(pages(profile, study))
    return Report(f"{n_values} values of {n_pages} pages written to {', '.join(paths_written)}.")


def spread(profile: Profile, folders: list[Path], study: str = "") -> Report:
    """Measure tolerances: how far runs with other numerical kernels are from the reference."""
    lines, changed = [], []
    found = [_runs_in(folder, profile, study) for folder in folders]
    for record in _studies(profile, study):
        path = reference_path(record, profile)
        reference = read_record(path, Reference)
        measured: dict[str, dict[str, float]] = {}
        for page, values in reference.pages.items():
            for key in values:
                others = [there[record.key].get(page, {}).get(key) for _, there, _ in found]
                if wanted := reference.spread(page, key, others):
                    measured.setdefault(page, {})[key] = wanted
                    lines.append(f"{record.key}/{page}  {key}  {values[key]!r} +- {wanted:g}")
        for name, _, words in found:
            there = _words_that_differ(record, reference, words[record.key], set())
            changed += [f"{line}  with {name}" for line in there]
        names = tuple(name for name, _, _ in found)
        _write(path, reference.model_copy(update={"measured": measured, "kernels": names}))
    said = "\n".join([*lines, f"{len(lines)} tolerances measured over {len(found)} sets of kernels."])
    return Report(said, (), tuple(changed), "Verdicts that a kernel decides need another measure or check.")


def _fresh(profile: Profile, study: str) -> Status:
    """The status of pages that are all fresh."""
    refs, status = pages(profile, study), Status()
    lines = status.not_fresh(refs)
    if lines or not refs:
        rows = "\n".join(lines) or f"  {study or 'the book'} has no page in {profile}"
        raise RunError(f"Only fresh pages make a reference:\n{rows}\nRun:  reread build", ExitCode.STALE)
    return status


def _runs_in(folder: Path, profile: Profile, study: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Kernels of the runs in another folder; by study their values by page, and their words by kind."""
    from unittest.mock import patch

    if not folder.is_dir():
        raise ParameterError(f"There is no folder of runs {folder}. Make one with REREAD_RUNS={folder}.")
    with patch.dict(os.environ, REREAD_RUNS=str(folder.resolve())):
        status, records = _fresh(profile, study), _studies(profile, study)
        values = {record.key: _values(record, profile, status) for record in records}
        words = {record.key: _outcomes(record, profile, status) for record in records}
        made = status.record(pages(profile, study)[0]).made
        chosen = [f"{name}={value}" for name, value in made.get("environment", {}).items()]
    return " ".join([folder.name, *chosen]), values, words


def _studies(profile: Profile, study: str) -> list[Study]:
    return [record for record in ([find(study)] if study else every()) if pages(profile, record.key)]


def _write(path: Path, reference: Reference) -> None:
    """Store a reference: of a rule only what it says."""
    rules = [rule.model_dump(exclude_none=True) for rule in reference.tolerances]
    write_json(path, reference.model_dump() | {"tolerances": rules})


def _outcomes(study: Study, profile: Profile, status: Status) -> dict[str, dict[str, str]]:
    """Word of every verdict and outcome of every check, by id, as the runs of one profile alone give them."""
    rows = [claims.judge_claim(study, one, status, (profile,)) for one in study.claims]
    checks = [claims.judge_check(study, one, status, (profile,)) for one in study.checks]
    return {
        "verdicts": {row.claim.id: row.verdict.word for row in rows},
        "checks": {row.check.id: row.outcome for row in checks},
    }


def _values_that_differ(
    refs: list[PageRef], status: Status, reference: Reference, path: Path
) -> Iterator[str]:
    """A line for each value, page and tolerance that does not fit."""
    for ref in refs:
        page, state = _page(ref), status.state(ref)
        if not (before := reference.pages.get(page)):
            yield f"{ref.name} has no value in {_short(path)}"
        elif state.word != "fresh":
            yield f"{ref.name} cannot be compared, its run is {state}"
        else:
            now = status.record(ref).values
            for key in dict.fromkeys([*before, *now]):
                if key not in now:
                    yield f"{ref.name}  {key}  is not measured any more (reference {before[key]!r})"
                elif key not in before:
                    yield f"{ref.name}  {key}  is not in the reference (now {now[key]!r})"
                elif why := reference.difference(page, key, now[key]):
                    yield f"{ref.name}  {key}  {why}"
    for gone in reference.pages.keys() - set(map(_page, refs)):
        yield f"{path.parts[-3]}/{gone} is in {_short(path)}, but is no page any more"
    for rule in reference.tolerances:
        if not any(rule.fits(page, key) for page, values in reference.pages.items() for key in values):
            yield f"tolerance {rule.pattern!r} in {_short(path)} fits no value"


def _words_that_differ(
    study: Study, reference: Reference, now: dict[str, dict[str, str]], unknown: set[str]
) -> Iterator[str]:
    """A line for each verdict and outcome that is another word, came or went."""
    for kind, what in (("verdicts", "verdict"), ("checks", "check")):
        before, ours = getattr(reference, kind), now[kind]
        for key in (key for key in dict.fromkeys([*before, *ours]) if key not in unknown):
            then, word = before.get(key, "none"), ours.get(key, "none")
            if then != word:
                yield f"{study.key}  {what} {key}  reference {then}  now {word}"


def _values(study: Study, profile: Profile, status: Status) -> dict[str, dict[str, Value | None]]:
    return {_page(ref): status.record(ref).values for ref in pages(profile, study.key)}


def _page(ref: PageRef) -> str:
    return ref.name.partition("/")[2]


def _short(path: Path) -> str:
    return str(path.relative_to(paths.root()))
