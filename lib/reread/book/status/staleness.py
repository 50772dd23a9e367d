"""Which pages have to run again, and which field and file moved.

The fields of a page are everything its result depends on: the code of its notebook, the modules of ours that
this may import, parameter values, pinned data, pages upstream, the lock file, the runner. Prose is not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from reread.book.status import fingerprint as closure
from reread.core import paths as places
from reread.core.data import registry
from reread.core.files import digest, read_json
from reread.pages import PageRef, pages
from reread.studies import Profile, Value

# pages looked at so far and their fields, so that one that many need is not walked many times
Seen = dict[str, dict[str, str]]
Word = Literal["fresh", "stale", "never run", "hollow", "interrupted", "failed"]


@dataclass(frozen=True)
class State:
    """How the run of a page stands, and the fields that moved since, if any."""

    word: Word
    moved: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return self.word + (f": {', '.join(self.moved)}" if self.moved else "")


def fields(ref: PageRef, parameters: dict[str, Value] | None = None) -> dict[str, str]:
    """Everything the result of a page depends on, as it is now.

    Parameters
    ----------
    ref : PageRef
        The page.
    parameters : dict, optional
        Values other than those of its profile, as ``reread run -p`` gives them. Pages upstream keep theirs.

    Returns
    -------
    dict
        Field to digest: ``code``, ``module lib/reread/...``, ``data <key>``, ``upstream <page>``, ``lock``,
        ``runner``; and ``parameter <name>`` to its value as JSON, which needs no digest to be short.

    Raises
    ------
    ParameterError
        If the notebook is missing, or a parameter does not fit.
    """
    return _fields(ref, parameters or ref.parameters, {})


def keys(refs: Iterable[PageRef]) -> dict[str, str]:
    """Page name to today's stale key; what pages share is looked at once."""
    seen: Seen = {}
    return {ref.name: key(_today(ref, seen)) for ref in refs}


def key(fields: dict[str, str]) -> str:
    """The stale key: one digest of all fields."""
    return digest(fields)


def moved(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """Names of the fields that differ, or that only one of the two has, in the order of ``new``."""
    names = dict.fromkeys([*new, *old])
    return [name for name in names if old.get(name) != new.get(name)]


def state(ref: PageRef) -> State:
    """How the run of one page stands today."""
    return _state(ref, {})


def states(refs: Iterable[PageRef]) -> dict[str, State]:
    """Page name to state; what pages share is looked at once."""
    seen: Seen = {}
    return {ref.name: _state(ref, seen) for ref in refs}


def report(profile: Profile, study: str = "") -> str:
    """One line for each page: its state, its name, and what moved."""
    found = states(pages(profile, study))
    width = max((len(name) for name in found), default=0)
    lines = [f"{s.word:<11} {name:<{width}}  {', '.join(s.moved)}".rstrip() for name, s in found.items()]
    n_fresh = sum(s.word == "fresh" for s in found.values())
    return "\n".join([*lines, f"{n_fresh} of {len(found)} pages of {profile} are fresh."])


def is_finished(path: Path) -> bool:
    """Whether every code cell of an executed notebook ran, and none ended in an error."""
    cells = _code_cells(path)
    ran = (cell.get("execution_count") is not None for cell in cells)
    errors = [out for cell in cells for out in cell.get("outputs", ()) if out.get("output_type") == "error"]
    return bool(cells) and all(ran) and not errors


def _fields(ref: PageRef, parameters: dict[str, Value], seen: Seen) -> dict[str, str]:
    code = closure.notebook(ref.notebook)
    modules = closure.closure(code.imports)
    return {
        "code": code.digest,
        **{f"module {path}": text for path, text in modules.items()},
        **{f"parameter {name}": json.dumps(value) for name, value in sorted(parameters.items())},
        **{f"data {name}": registry.pinned(name) for name in ref.datasets(parameters)},
        **{f"upstream {up.name}": key(_today(up, seen)) for up in ref.upstream},
        "lock": digest(_pins(places.root() / "requirements.lock")),
        "runner": _runner(),
    }


def _today(ref: PageRef, seen: Seen) -> dict[str, str]:
    if ref.name not in seen:
        seen[ref.name] = _fields(ref, ref.parameters, seen)
    return seen[ref.name]


def _pins(lock: Path) -> list[str]:
    """Lines of the lock file without comments; none where there is no lock file."""
    text = lock.read_text(encoding="utf-8") if lock.is_file() else ""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def _runner() -> str:
    """The runner's version. Imported late: the runner asks this module for the fields of a run."""
    from reread.book.running import page_run as run

    return str(run.RUNNER_VERSION)


def _state(ref: PageRef, seen: Seen) -> State:
    if not ref.folder.is_dir():
        return State(_without_run(ref))
    record = _record(ref)
    if record is None or not is_finished(ref.folder / "notebook.ipynb"):
        return State("hollow")
    moves = moved(record["stale"]["fields"], _today(ref, seen))
    return State("stale", moves) if moves else State("fresh")


def _without_run(ref: PageRef) -> Word:
    """Why there is no run: the last attempt failed, or was cut off, or nobody tried."""
    kept = places.runs() / "failed" / ref.profile / ref.name
    if (kept / "notebook.ipynb").is_file():
        return "interrupted" if _is_cut_off(kept / "notebook.ipynb") else "failed"
    # a log alone: it ended before its first cell
    started = kept.is_dir() or list(ref.folder.parent.glob(f".{ref.folder.name}.*.part"))
    return "interrupted" if started else "never run"


def _record(ref: PageRef) -> dict[str, Any] | None:
    """The record of a run, if it can be read, has its fields and holds a value."""
    try:
        record = read_json(ref.folder / "record.json")
        whole = isinstance(record["stale"]["fields"], dict) and bool(record["values"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if whole else None


def _is_cut_off(path: Path) -> bool:
    """Whether a notebook stopped without an error: somebody, or the machine, ended it."""
    cells = _code_cells(path)
    return not any(out.get("output_type") == "error" for cell in cells for out in cell.get("outputs", ()))


def _code_cells(path: Path) -> list[dict[str, Any]]:
    """Code cells that hold something; none if the file is no notebook."""
    try:
        cells = read_json(path)["cells"]
        return [cell for cell in cells if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
    except (OSError, ValueError, KeyError, TypeError):
        return []
