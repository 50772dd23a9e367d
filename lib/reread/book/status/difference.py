"""What differs between two runs, or between a run and the reference: parameters, values, verdicts, fields."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from reread.book import transfer
from reread.book.columns import columns
from reread.book.status import staleness
from reread.book.status.regression import Reference, is_number, reference_path
from reread.book.status.run_record import NAME, RunRecord
from reread.core import paths, verdicts
from reread.core.errors import ParameterError
from reread.core.records import read_record
from reread.pages import PageRef, page
from reread.studies import PROFILES, Value, find

MANY = 20
LAYOUT = (slice(1, None), "  ")  # all but the names to the right
HEAD = ("value", "reference", "now", "change", "relative")


class Change(NamedTuple):
    """One value in two runs; None where it is no finite number, or was not measured."""

    name: str
    before: Value | None
    now: Value | None

    @property
    def absolute(self) -> float | None:
        """Second value less the first."""
        return self.now - self.before if is_number(self.before) and is_number(self.now) else None

    @property
    def relative(self) -> float | None:
        """Difference over the size of the first value; infinite where that is 0."""
        if self.absolute is None:
            return None  # a word
        return self.absolute / abs(self.before) if self.before else math.copysign(math.inf, self.absolute)

    def cells(self) -> tuple[str, ...]:
        """Name, both values, difference and difference in per cent, as text."""
        change = "" if self.absolute is None else f"{self.absolute:+.3g}"
        share = f"{self.relative:+.1%}" if math.isfinite(self.relative or 0) and change else ""
        return self.name, _text(self.before), _text(self.now), change, share


def moved(ref: PageRef, values: dict[str, Value | None]) -> tuple[list[Change], str]:
    """Values of a run that are off their reference by more than it allows, and how many they are."""
    path, name = reference_path(ref.study, ref.profile), ref.name.partition("/")[2]
    reference = read_record(path, Reference) if path.is_file() else Reference(pages={})
    if not (known := reference.pages.get(name, {})):
        return [], f"There is no reference of {ref.name} in {ref.profile} to compare with."
    both = [key for key in values if key in known]
    off = [key for key in both if reference.difference(name, key, values[key])]
    said = f"{len(off)} of {len(both)} values differ from the reference of {ref.profile} beyond tolerance."
    if other := len(values.keys() ^ known.keys()):
        said += f" Values measured in one of the two only: {other}."
    return _largest_first([Change(key, known[key], values[key]) for key in off]), said


@dataclass(frozen=True)
class Difference:
    """Two runs side by side: what is equal is left out."""

    runs: tuple[str, str]
    parameters: tuple[Change, ...]
    values: tuple[Change, ...]
    verdicts: tuple[Change, ...]
    fields: tuple[str, ...]

    def text(self) -> str:
        """A part for each kind of difference."""
        lines = []
        for title, rows in (("Parameters", self.parameters), ("Verdicts and checks", self.verdicts)):
            lines += [f"{title}:", *columns((row.cells()[:3] for row in rows), *LAYOUT)] if rows else []
        if self.values:
            rows = [("value", "A", "B", *HEAD[3:]), *(row.cells() for row in self.values)]
            lines += ["Values, the largest relative change first:", *columns(rows, *LAYOUT)]
        if self.fields:
            lines += ["Code, data and environment:", *(f"  {name}" for name in self.fields)]
        lines = lines or ["The two runs are equal."]
        return "\n".join([f"A  {self.runs[0]}", f"B  {self.runs[1]}", *lines])

    def as_json(self) -> str:
        """The same for machines; of a value also the two differences."""
        content: dict[str, Any] = {"runs": self.runs}
        for kind in ("parameters", "values", "verdicts"):
            content[kind] = [{"name": row.name, "a": row.before, "b": row.now} for row in getattr(self, kind)]
        for entry, row in zip(content["values"], self.values, strict=True):
            share = row.relative if math.isfinite(row.relative or 0) else None
            entry.update(absolute=row.absolute, relative=share)
        return json.dumps(content | {"fields": self.fields}, indent=1, ensure_ascii=False)


def compare(first: str, second: str) -> Difference:
    """Compare two runs; each is a folder, or a page such as ``demo/networks/02-deeptgi``."""
    (name_a, a), (name_b, b) = find_run(first), find_run(second)
    fields = staleness.moved(a.stale["fields"], b.stale["fields"])
    return Difference(
        runs=(name_a, name_b),
        parameters=tuple(_changes(a.parameters, b.parameters)),
        values=tuple(_largest_first(_changes(a.values, b.values))),
        verdicts=tuple(_changes(verdicts_of(a), verdicts_of(b))),
        fields=tuple(name for name in fields if not name.startswith("parameter ")),
    )


def find_run(name: str) -> tuple[str, RunRecord]:
    """Place and record of a run by its folder, or by profile and page (of ``demo``): here, else recorded."""
    profile, _, rest = name.removeprefix("runs/").partition("/")
    folder = paths.runs() / profile / rest if profile == "custom" else Path(name)
    if profile != "custom" and not (folder / NAME).is_file():
        ref = page(rest, profile) if profile in PROFILES else page(name)
        folder = ref.folder
        if not (folder / NAME).is_file():
            with TemporaryDirectory() as into:
                found = transfer.recorded_runs(ref.study, ref.profile, Path(into), staleness.Status())
            for one in (one for one in found if one.ref.name == ref.name):
                return f"recorded run of {ref.name} ({ref.profile})", one.record
    if not (folder / NAME).is_file():
        raise ParameterError(f"There is no finished run in {folder}.\nRun the page, or name another folder.")
    return str(folder), RunRecord.read(folder)


def _changes(before: dict[str, Any], now: dict[str, Any]) -> list[Change]:
    rows = [Change(name, before.get(name), now.get(name)) for name in dict.fromkeys([*before, *now])]
    return [row for row in rows if row.before != row.now]


def _largest_first(rows: list[Change]) -> list[Change]:
    """Words that changed, then numbers, then what one of the two did not measure."""

    def order(row: Change) -> tuple[bool, float]:
        return None in row, -abs(math.inf if row.relative is None else row.relative)

    return sorted(rows, key=order)


def verdicts_of(record: RunRecord) -> dict[str, str]:
    """Word of each claim and check that the page answers, by id."""
    study, words = find(record.study), {}
    for entry in (*study.claims, *study.checks):
        wanted = entry.answered_by
        if wanted and (wanted.chapter, wanted.page) == (record.chapter, record.page):
            ours = record.measured(wanted.key)
            is_check = not hasattr(entry, "published")
            words[entry.id] = (verdicts.outcome(ours, entry.min, entry.max) if is_check
                               else verdicts.judge(entry, ours, scope=record.scope).word)  # fmt: skip
    return words


def _text(value: Value | None) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "–" if value is None else " ".join(str(value).split())
