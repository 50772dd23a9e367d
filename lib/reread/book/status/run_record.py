"""The record of a finished run, ``record.json``: one model, read in one place, sealed against edits.

The seal holds a digest of every field of the record and of every file of the run. It shows edits by hand and
damage; it is no signature.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, StringConstraints, ValidationError, model_validator
from typing_extensions import TypedDict

from reread.core import measured
from reread.core.errors import ExitCode, RunError
from reread.core.files import digest, read_json, sha256, write_json
from reread.core.records import Record
from reread.studies import Profile, Scope, Value

NAME = "record.json"
INDEX = "index.html"  # written about a run, and no part of it
NOTEBOOK = "notebook.ipynb"
FOLDERS = ("figures", "tables", "artifacts")
SUFFIXES = {"figures": (".svg", ".png", ".csv"), "tables": (".csv",)}
# one step of a path: no separator, no control character, neither . nor ..
STEP = r"(?!\.\.?(?:/|$))[^/\\\x00-\x1f\x7f]{1,200}"
PATH = re.compile(rf"{STEP}(?:/{STEP})*")
NO_SEAL: dict[str, Any] = {"fields": {}, "digest": ""}
REASONS = {"nan": "not a number (NaN)", "inf": "infinite", "-inf": "infinite and negative"}

Id = Annotated[str, StringConstraints(pattern=rf"^{measured.NAME.pattern}$")]
Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Key = Annotated[str, StringConstraints(pattern=rf"^{measured.KEY.pattern}$")]
Sha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]*$")]


class Shown(TypedDict):
    """A figure or a table as the page showed it."""

    id: Id
    label: Label
    caption: str
    alt: NotRequired[str]


class Read(TypedDict):
    """A data file as the page read it."""

    key: str
    sha256: Sha
    bytes: int
    pinned_on_first_use: bool


class Stale(TypedDict):
    """The fields of the fingerprint and their digest."""

    key: Sha
    fields: dict[str, str]


class Made(TypedDict):
    """Where and with what the run was made."""

    started: str
    wall_s: float
    reread: str
    python: str
    platform: str
    packages: dict[str, str]
    commit: Commit
    is_dirty: bool
    environment: NotRequired[dict[str, str]]


class Seal(TypedDict):
    """Digest of every field of the record, and one of all of these."""

    fields: dict[str, Sha]
    digest: Sha


class AlteredRunError(RunError):
    """A run that is not as it was when it ended; ``names`` says what differs."""

    def __init__(self, folder: Path, names: list[str]):
        super().__init__(
            f"{folder} was altered after the run: {', '.join(names)}.\nRun the page again.", ExitCode.STALE
        )
        self.names = names


class RunRecord(Record):
    """What a finished run says of itself. ``seal`` writes it, ``read`` is the only way to get one."""

    schema_version: int = Field(alias="schema")
    study: Label
    chapter: Label
    page: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]*$")]
    profile: Profile
    scope: Scope | Literal["own"]
    parameters: dict[str, Value]
    values: Annotated[dict[Key, Value | None], Field(min_length=1)]
    no_number: dict[Key, str]
    figures: tuple[Shown, ...]
    tables: tuple[Shown, ...]
    artifacts: tuple[str, ...]
    data: tuple[Read, ...]
    device: str
    cost: dict[str, float]
    stale: Stale
    made: Made
    imported: str = ""
    files: dict[str, Sha]

    @model_validator(mode="after")
    def _names_its_files(self) -> RunRecord:
        for name in self.files:
            if not PATH.fullmatch(name):
                raise ValueError(f"{name!r} is no path of a file of a run")
        for name in self.named():
            if name not in self.files:
                raise ValueError(f"{name!r} is named, but has no digest")
        unsaid = {key for key, value in self.values.items() if value is None} ^ self.no_number.keys()
        if unsaid:
            raise ValueError(f"{min(unsaid)!r} is null without a reason, or has a reason without being null")
        return self

    def named(self) -> Iterator[str]:
        """Paths of the files that the record names."""
        yield from (NOTEBOOK, "parameters.yml")
        for kind, suffixes in SUFFIXES.items():
            for entry in getattr(self, kind):
                yield from (f"{kind}/{entry['id']}{suffix}" for suffix in suffixes)
        yield from (f"artifacts/{name}" for name in self.artifacts)

    def measured(self, key: str) -> Value | None:
        """A value by its key: NaN where it came out as no finite number, None where it was not measured."""
        return math.nan if key in self.no_number else self.values.get(key)

    @classmethod
    def seal(cls, folder: Path, content: dict[str, Any]) -> RunRecord:
        """Write the record of a finished run, with the digest of every file in its folder."""
        values, reasons = _without_nan(content.get("values", {}))
        content = {**content, "values": values, "no_number": content.get("no_number", {}) | reasons}
        content["files"] = {name: sha256(folder / name) for name in _files(folder)}
        content.pop("seal", None)
        content = json.loads(json.dumps(content))
        record = _valid(folder, content)
        fields = {name: digest(value) for name, value in content.items()}
        write_json(folder / NAME, content | {"seal": {"fields": fields, "digest": digest(fields)}})
        return record

    @classmethod
    def read(cls, folder: Path, *, may_lack: Callable[[str], bool] = lambda name: False) -> RunRecord:
        """Read the record of a run, and compare the run with its digests.

        Parameters
        ----------
        folder : Path
            The folder of the run.
        may_lack : callable
            Whether a file may be absent, as pictures are from a recorded run.

        Raises
        ------
        AlteredRunError
            If a field or a file is not what it was when the run ended (exit code 9).
        RunError
            If there is no record, or none that can be read (exit code 9).
        """
        try:
            content = read_json(folder / NAME)
            wrong = [f"{name} in {NAME}" for name in _moved(content, content.pop("seal", NO_SEAL))]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise RunError(f"{folder / NAME} cannot be read.\nRun the page again.", ExitCode.STALE) from None
        if wrong:
            raise AlteredRunError(folder, wrong)
        record = _valid(folder, content)
        if wrong := list(record._altered_files(folder, may_lack)):
            raise AlteredRunError(folder, wrong)
        return record

    def _altered_files(self, folder: Path, may_lack: Callable[[str], bool]) -> Iterator[str]:
        """Files that are missing, differ, or were not there when the run ended."""
        there = dict.fromkeys(_files(folder))
        for name, wanted in self.files.items():
            if name not in there:
                if not may_lack(name):
                    yield f"{name} is missing"
            elif sha256(folder / name) != wanted:
                yield name
        yield from (f"{name} was added" for name in there if name not in self.files)


def _valid(folder: Path, content: dict[str, Any]) -> RunRecord:
    try:
        return RunRecord.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the record"
        raise RunError(
            f"{folder / NAME}: {where}: {first['msg']}.\nRun the page again.", ExitCode.STALE
        ) from None


def _moved(content: dict[str, Any], seal: dict[str, Any]) -> list[str]:
    """Fields whose digest is not that of the seal; ``seal`` where the seal itself was touched."""
    fields = dict(seal["fields"])
    names = [name for name in {**content, **fields} if fields.get(name) != _digest(content, name)]
    return names if names or digest(fields) == seal["digest"] else ["seal"]


def _digest(content: dict[str, Any], name: str) -> str:
    return digest(content[name]) if name in content else ""


def _files(folder: Path) -> Iterator[str]:
    """Files of a run by their path below it, without the record and its ``index.html``; links count."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name not in (NAME, INDEX) and (path.is_symlink() or path.is_file()):
            yield name


def _without_nan(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Values with None for what is no finite number, and the reason for each None."""
    odd = {k for k, v in values.items() if isinstance(v, float) and not math.isfinite(v)}
    return {k: None if k in odd else v for k, v in values.items()}, {k: REASONS[str(values[k])] for k in odd}
