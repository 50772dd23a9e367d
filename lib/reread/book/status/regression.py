"""Compare runs with the committed reference: what a change of code, packages or machine did to the book.

Values may differ within a tolerance, verdicts and outcomes of checks may not differ at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from reread.book.status import claims
from reread.book.status.reference import Reference, reference_path
from reread.book.status.staleness import Status
from reread.core import paths
from reread.core.errors import ExitCode, ParameterError, RunError
from reread.core.files import write_json
from reread.core.records import read_record
from reread.pages import PageRef, pages
from reread.studies import Profile, Study, Value, every, find


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


class _Kernels(NamedTuple):
    """What runs in one folder gave, by study: values by page, words by kind; and the choice of kernels."""

    name: str
    values: dict[str, dict[str, dict[str, Value | None]]]
    words: dict[str, dict[str, dict[str, str]]]


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
        unknown = _open(record, refs, status)
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
        values = {_page(ref): status.record(ref).values for ref in pages(profile, record.key)}
        measured = {
            page: still
            for page, rooms in kept.measured.items()
            if (still := {key: room for key, room in rooms.items() if key in values.get(page, {})})
        }
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
                others = [one.values[record.key].get(page, {}).get(key) for one in found]
                if wanted := reference.spread(page, key, others):
                    measured.setdefault(page, {})[key] = wanted
                    lines.append(f"{record.key}/{page}  {key}  {values[key]!r} +- {wanted:g}")
        for one in found:
            there = _words_that_differ(record, reference, one.words[record.key], set())
            changed += [f"{line}  with {one.name}" for line in there]
        names = tuple(one.name for one in found)
        _write(path, reference.model_copy(update={"measured": measured, "kernels": names}))
    said = "\n".join([*lines, f"{len(lines)} tolerances measured over {len(found)} sets of kernels."])
    return Report(said, (), tuple(changed), "Verdicts that a kernel decides need another measure or check.")


def _fresh(profile: Profile, study: str) -> Status:
    """The status of pages that are all fresh."""
    refs, status = pages(profile, study), Status()
    lines = [f"  {name}  {state}" for name, state in status.states(refs).items() if state.word != "fresh"]
    if lines or not refs:
        rows = "\n".join(lines) or f"  {study or 'the book'} has no page in {profile}"
        raise RunError(f"Only fresh pages make a reference:\n{rows}\nRun:  reread build", ExitCode.STALE)
    return status


def _runs_in(folder: Path, profile: Profile, study: str) -> _Kernels:
    """What the runs in another folder gave."""
    from unittest.mock import patch

    if not folder.is_dir():
        raise ParameterError(f"There is no folder of runs {folder}. Make one with REREAD_RUNS={folder}.")
    with patch.dict(os.environ, REREAD_RUNS=str(folder.resolve())):
        status, records = _fresh(profile, study), _studies(profile, study)
        values = {
            record.key: {_page(ref): status.record(ref).values for ref in pages(profile, record.key)}
            for record in records
        }
        words = {record.key: _outcomes(record, profile, status) for record in records}
        made = status.record(pages(profile, study)[0]).made
        chosen = [f"{name}={value}" for name, value in made.get("environment", {}).items()]
    return _Kernels(" ".join([folder.name, *chosen]), values, words)


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


def _open(study: Study, refs: list[PageRef], status: Status) -> set[str]:
    """Ids of claims and checks whose page has no fresh run: that page is the difference, not their word."""
    pages_of = {(ref.chapter.key, ref.page) for ref in refs if status.state(ref).word != "fresh"}
    asked = [entry for entry in (*study.claims, *study.checks) if entry.answered_by]
    return {one.id for one in asked if (one.answered_by.chapter, one.answered_by.page) in pages_of}


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


def _page(ref: PageRef) -> str:
    return ref.name.partition("/")[2]


def _short(path: Path) -> str:
    return str(path.relative_to(paths.root()))
