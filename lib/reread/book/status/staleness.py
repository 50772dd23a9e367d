"""Which pages have to run again, which field or file moved, and what may be published.

The fields of a page are everything its result depends on: the code of its notebook, the modules of ours that
it may import, parameter values, pinned data, pages upstream, the lock file, the runner. Prose is not.

Only pages whose run is fresh, and as it was when it ended, may be published: Jupyter Book renders a failed, a
hollow or a never-run notebook without complaint, so the book asks here.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from reread.book.status import fingerprint
from reread.book.status.run_record import NAME, NOTEBOOK, AlteredRunError, RunRecord
from reread.core import paths
from reread.core.data import registry
from reread.core.errors import ExitCode, ParameterError, RunError
from reread.core.files import digest
from reread.pages import PageRef, pages
from reread.studies import Profile, Value

# counted up where the runner makes something else of the same inputs
RUNNER_VERSION = "3"
# profiles in the order of the book: real data first
SHOWN: tuple[Profile, ...] = ("real", "paper", "demo")
key = digest  # of all fields: the stale key
_Word = Literal["fresh", "stale", "altered", "never run", "hollow", "interrupted", "failed"]


@dataclass(frozen=True)
class State:
    """How the run of a page stands, and the fields that moved or the files that were altered."""

    word: _Word
    moved: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return self.word + (f": {', '.join(self.moved)}" if self.moved else "")


class Status:
    """States, fingerprints and records of pages, each worked out once; make a new one for each command."""

    def __init__(self) -> None:
        self._library, self._pinned = fingerprint.Library(), cache(registry.pinned)
        lock = paths.root() / "requirements.lock"
        text = lock.read_text(encoding="utf-8") if lock.is_file() else ""
        pins = (line.partition("#")[0].strip() for line in text.splitlines())
        self._lock = digest(list(filter(None, pins)))
        self._fields: dict[tuple[str, str], dict[str, str]] = {}
        self._found: dict[tuple[str, str], tuple[State, RunRecord | None]] = {}
        self.recorded: dict[tuple[str, str], Path] = {}  # folders of recorded runs that stand for a page

    def fields(self, ref: PageRef, parameters: dict[str, Value] | None = None) -> dict[str, str]:
        """Everything the result of a page depends on, as it is now."""
        if parameters is not None:
            return self._compute(ref, parameters)
        if (place := (ref.profile, ref.name)) not in self._fields:
            self._fields[place] = self._compute(ref, ref.parameters)
        return self._fields[place]

    def key(self, ref: PageRef) -> str:
        """Today's stale key of a page."""
        return key(self.fields(ref))

    def state(self, ref: PageRef) -> State:
        """How the run of one page stands today."""
        if (place := (ref.profile, ref.name)) not in self._found:
            is_there = ref.folder.is_dir()
            self._found[place] = self.judge(ref, ref.folder) if is_there else (_without_run(ref), None)
        return self._found[place][0]

    def states(self, refs: Iterable[PageRef]) -> dict[str, State]:
        """Page name to state."""
        found = {ref.name: self.state(ref) for ref in refs}
        self.remember()
        return found

    def remember(self) -> None:
        """Keep what was parsed of the code for the next command."""
        self._library.remember()

    def not_fresh(self, refs: Iterable[PageRef]) -> list[str]:
        """A line for each page whose run is not fresh."""
        return [f"  {name}  {state}" for name, state in self.states(refs).items() if state.word != "fresh"]

    def record(self, ref: PageRef) -> RunRecord | None:
        """The record of a fresh or stale run; None where there is none, or it was altered."""
        self.state(ref)
        return self._found[ref.profile, ref.name][1]

    def adopt(self, ref: PageRef, folder: Path, state: State, record: RunRecord) -> None:
        """Let a recorded run stand for a page."""
        self._found[ref.profile, ref.name], self.recorded[ref.profile, ref.name] = (state, record), folder

    def rows(self, profile: Profile, study: str = "") -> list[dict[str, Any]]:
        """Each page with its state and what moved, for machines."""
        found = self.states(pages(profile, study))
        return [{"page": name, "state": s.word, "moved": s.moved} for name, s in found.items()]

    def report(self, profile: Profile, study: str = "") -> str:
        """One line for each page: its state, its name, and what moved."""
        found = self.states(pages(profile, study))
        width = max(map(len, found), default=0)
        lines = [f"{s.word:<11} {name:<{width}}  {', '.join(s.moved)}".rstrip() for name, s in found.items()]
        n_fresh = sum(s.word == "fresh" for s in found.values())
        return "\n".join([*lines, f"{n_fresh} of {len(found)} pages of {profile} are fresh."])

    def _compute(self, ref: PageRef, parameters: dict[str, Value]) -> dict[str, str]:
        code = fingerprint.notebook(ref.notebook, self._library)
        modules = self._library.closure(code.imports)
        return {
            "code": code.digest,
            **{f"module {path}": text for path, text in modules.items()},
            **{f"parameter {name}": json.dumps(value) for name, value in sorted(parameters.items())},
            **{f"data {name}": self._pinned(name) for name in ref.datasets(parameters)},
            **{f"upstream {up.name}": self.key(up) for up in ref.upstream},
            "lock": self._lock,
            "runner": RUNNER_VERSION,
        }

    def judge(
        self, ref: PageRef, folder: Path, may_lack: Callable[[str], bool] = lambda name: False
    ) -> tuple[State, RunRecord | None]:
        """How a run, here or from elsewhere, stands today; its record, unless that is not to be believed."""
        try:
            record = RunRecord.read(folder, may_lack=may_lack)
        except AlteredRunError as error:
            return State("altered", error.names), None
        except RunError as error:
            return State("hollow", [str(error).partition(f"{folder}/")[2].partition(".\n")[0]]), None
        if not is_finished(folder / NOTEBOOK):
            return State("hollow", ["a cell did not run"]), None
        if wrong := list(_contradictions(ref, record, folder, self._library)):
            return State("altered", wrong), None
        moves = moved(record.stale["fields"], self.fields(ref))
        moves += ["scope"] if record.scope != scope_of(ref, record) else []
        return State("stale", moves) if moves else State("fresh"), record


def _contradictions(
    ref: PageRef, record: RunRecord, folder: Path, library: fingerprint.Library
) -> Iterator[str]:
    """Fields of a record that its own files, fingerprint or page contradict."""
    names = {"study": ref.study.key, "chapter": ref.chapter.key, "page": ref.page, "profile": ref.profile}
    yield from (f"{name} in {NAME}" for name, value in names.items() if getattr(record, name) != value)
    fields = record.stale["fields"]
    if record.stale["key"] != key(fields):
        yield f"stale key in {NAME}"
    values = {f"parameter {name}": json.dumps(value) for name, value in record.parameters.items()}
    if values != {name: text for name, text in fields.items() if name.startswith("parameter ")}:
        yield f"parameters in {NAME}"
    if any(fields.get(f"data {one['key']}") != one["sha256"] for one in record.data):
        yield f"data in {NAME}"
    # another runner may have counted code in another way, and its run is stale in any case
    is_of_today = fields.get("runner") == RUNNER_VERSION
    if is_of_today and fingerprint.notebook(folder / NOTEBOOK, library).digest != fields.get("code"):
        yield f"code cells of {NOTEBOOK}"


def scope_of(ref: PageRef, record: RunRecord) -> str:
    """What the data of a run can answer, by the study's record and the digests of the files it read."""
    # a page inherits ``own`` from an earlier page, of which its own record holds no digest
    if record.scope == "own" and any(map(_may_be_own, ref.upstream)):
        return "own"
    return ref.scope(used=list(record.data))


def _may_be_own(ref: PageRef) -> bool:
    """Whether a page, or one before it, reads a file that ``data/datasets.yml`` gives no digest of."""
    return not all(map(registry.published, ref.datasets())) or any(map(_may_be_own, ref.upstream))


def moved(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """Names of the fields that differ, or that only one of the two has, in the order of ``new``."""
    return [name for name in dict.fromkeys([*new, *old]) if old.get(name) != new.get(name)]


def is_finished(path: Path) -> bool:
    """Whether every code cell of an executed notebook ran, and none ended in an error."""
    cells = code_cells(path)
    ran = (cell.get("execution_count") is not None for cell in cells)
    return bool(cells) and all(ran) and not any(errors(cells))


def _without_run(ref: PageRef) -> State:
    """Why there is no run: the last attempt failed, or was cut off, or nobody tried."""
    kept = paths.runs() / "failed" / ref.profile / ref.name
    if (kept / NOTEBOOK).is_file():  # without an error, somebody or the machine ended it
        return State("failed" if any(errors(code_cells(kept / NOTEBOOK))) else "interrupted")
    # a log alone: it ended before its first cell
    started = kept.is_dir() or list(ref.folder.parent.glob(f".{ref.folder.name}.*.part"))
    return State("interrupted" if started else "never run")


def errors(cells: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Source and output of each cell that ended in an error."""
    outputs = ((cell["source"], out) for cell in cells for out in cell.get("outputs", ()))
    return ((source, out) for source, out in outputs if out.get("output_type") == "error")


def code_cells(path: Path) -> list[dict[str, Any]]:
    """Code cells that hold something; none if the file is no notebook."""
    with suppress(OSError, ParameterError):
        cells = fingerprint.cells_of(path)
        return [cell for cell in cells if cell["cell_type"] == "code" and cell["source"].strip()]
    return []


@dataclass(frozen=True)
class Shelf:
    """Pages that the book shows, with their records, and those it leaves out, with the reason."""

    pages: tuple[PageRef, ...]
    left_out: tuple[str, ...]
    status: Status

    def is_recorded(self, ref: PageRef) -> bool:
        """Whether the run of a page travelled with the repository."""
        return (ref.profile, ref.name) in self.status.recorded

    def folder(self, ref: PageRef) -> Path:
        """Folder of a page's run."""
        return self.status.recorded.get((ref.profile, ref.name), ref.folder)

    def moved(self, ref: PageRef) -> list[str]:
        """Fields in which a recorded run differs from one that would be made today."""
        return self.status.state(ref).moved

    def record(self, ref: PageRef) -> RunRecord:
        """The record of a page's run."""
        return self.status.record(ref)

    def of(self, study: str, profile: Profile) -> list[PageRef]:
        """Pages of one study in one profile, in reading order."""
        return [ref for ref in self.pages if ref.study.key == study and ref.profile == profile]


def admit(profile: Profile, study: str = "", status: Status | None = None) -> Shelf:
    """Let in every page of a profile or none; pages of other profiles come along when they may.

    Recorded runs that ``status`` has adopted are shown even where something moved.
    """
    status = status or Status()
    asked = pages(profile, study)
    if lines := status.not_fresh(asked):
        said = f"{len(lines)} of {len(asked)} pages of {profile} cannot be published:"
        again = f"Run:  reread build --profile {profile}{f' --study {study}' if study else ''}"
        raise RunError("\n".join([said, *lines, again]), ExitCode.STALE)
    admitted, left_out = [], []
    for ref in (ref for shown in SHOWN for ref in pages(shown)):
        state = status.state(ref)
        if state.word == "fresh" or (ref.profile, ref.name) in status.recorded:
            admitted.append(ref)
        elif state.word != "never run":
            left_out.append(f"{ref.name} ({ref.profile}) is left out: {state}")
    return Shelf(tuple(admitted), tuple(left_out), status)
