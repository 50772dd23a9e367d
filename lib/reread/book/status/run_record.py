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
_SUFFIXES = {"figures": (".svg", ".png", ".csv"), "tables": (".csv",)}
# one step of a path: no separator, no control character, neither . nor ..
_STEP = r"(?!\.\.?(?:/|$))[^/\\\x00-\x1f\x7f]{1,200}"
PATH = re.compile(rf"{_STEP}(?:/{_STEP})*")
_REASONS = {"nan": "not a number (NaN)", "inf": "infinite", "-inf": "infinite and negative"}

_Id = Annotated[str, StringConstraints(pattern=rf"^{measured.NAME.pattern}$")]
_Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
_Key = Annotated[str, StringConstraints(pattern=rf"^{measured.KEY.pattern}$")]
_Sha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]*$")]


class _Shown(TypedDict):
    """A figure or a table as the page showed it."""

    id: _Id
    label: _Label
    caption: str
    alt: NotRequired[str]


class _Read(TypedDict):
    """A data file as the page read it."""

    key: str
    sha256: _Sha
    bytes: int
    pinned_on_first_use: bool


class _Stale(TypedDict):
    """The fields of the fingerprint and their digest."""

    key: _Sha
    fields: dict[str, str]


class _Made(TypedDict):
    """Where and with what the run was made."""

    started: str
    wall_s: float
    reread: str
    python: str
    platform: str
    packages: dict[str, str]
    commit: _Commit
    is_dirty: bool
    environment: NotRequired[dict[str, str]]


class AlteredRunError(RunError):
    """A run that is not as it was when it ended; ``names`` says what differs."""

    def __init__(self, folder: Path, names: list[str]):
        said = f"{folder} was altered after the run: {', '.join(names)}.\nRun the page again."
        super().__init__(said, ExitCode.STALE)
        self.names = names


class RunRecord(Record):
    """What a finished run says of itself. ``seal`` writes it, ``read`` is the only way to get one."""

    schema_version: int = Field(alias="schema")
    study: _Label
    chapter: _Label
    page: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]*$")]
    profile: Profile
    scope: Scope | Literal["own"]
    parameters: dict[str, Value]
    values: Annotated[dict[_Key, Value | None], Field(min_length=1)]
    no_number: dict[_Key, str] = Field(description="Why a value is null.")
    figures: tuple[_Shown, ...]
    tables: tuple[_Shown, ...]
    artifacts: tuple[str, ...]
    data: tuple[_Read, ...]
    device: str
    cost: dict[str, float] = Field(description="cpu_s: seconds of CPU time; peak_mb: largest memory, in MB.")
    stale: _Stale
    made: _Made
    imported: str = Field("", description="The archive that brought the run here.")
    files: dict[str, _Sha] = Field(description="SHA-256 of each file of the run, by its path in its folder.")

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
        for kind, suffixes in _SUFFIXES.items():
            for entry in getattr(self, kind):
                yield from (f"{kind}/{entry['id']}{suffix}" for suffix in suffixes)
        yield from (f"artifacts/{name}" for name in self.artifacts)

    def measured(self, key: str) -> Value | None:
        """A value by its key: NaN where it came out as no finite number, None where it was not measured."""
        return math.nan if key in self.no_number else self.values.get(key)

    @classmethod
    def seal(cls, folder: Path, content: dict[str, Any]) -> RunRecord:
        """Write the record of a finished run, with the digest of every file in its folder."""
        values = content.get("values", {})
        odd = {k for k, v in values.items() if isinstance(v, float) and not math.isfinite(v)}
        reasons = content.get("no_number", {}) | {k: _REASONS[str(values[k])] for k in odd}
        values = {k: None if k in odd else v for k, v in values.items()}
        content = {**content, "values": values, "no_number": reasons}
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

        ``may_lack`` says whether a file may be absent, as pictures are from a recorded run. Raises an
        AlteredRunError if a field or a file is not what it was when the run ended, another RunError if there
        is no record, or none that can be read.
        """
        try:
            content = read_json(folder / NAME)
            seal = content.pop("seal", {"fields": {}, "digest": ""})
            now, then = {name: digest(value) for name, value in content.items()}, dict(seal["fields"])
            wrong = [f"{name} in {NAME}" for name in {**now, **then} if now.get(name) != then.get(name)]
            if not wrong and digest(then) != seal["digest"]:
                wrong = [f"seal in {NAME}"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise RunError(f"{folder / NAME} cannot be read.\nRun the page again.", ExitCode.STALE) from None
        if wrong:
            raise AlteredRunError(folder, wrong)
        record = _valid(folder, content)
        there, known = list(_files(folder)), record.files
        wrong = [f"{name} is missing" for name in known if name not in there and not may_lack(name)]
        wrong += [name for name in known if name in there and sha256(folder / name) != known[name]]
        if wrong := wrong + [f"{name} was added" for name in there if name not in known]:
            raise AlteredRunError(folder, wrong)
        return record


def published_schema() -> dict[str, Any]:
    """JSON schema of ``record.json`` as it is on disk: the model, and the seal around it."""
    sha = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    seal = {
        "description": "SHA-256 of each field as sorted JSON without spaces, and that of all these digests.",
        "type": "object",
        "properties": {"fields": {"type": "object", "additionalProperties": sha}, "digest": sha},
        "required": ["fields", "digest"],
        "additionalProperties": False,
    }
    model = RunRecord.model_json_schema()
    return model | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "record.json",
        "description": "What a finished run of a page says of itself.",
        "properties": model["properties"] | {"seal": seal},
        "required": [*model["required"], "seal"],
    }


def _valid(folder: Path, content: dict[str, Any]) -> RunRecord:
    try:
        return RunRecord.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the record"
        said = f"{folder / NAME}: {where}: {first['msg']}.\nRun the page again."
        raise RunError(said, ExitCode.STALE) from None


def _files(folder: Path) -> Iterator[str]:
    """Files of a run by their path below it, without the record and its ``index.html``; links count."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name not in (NAME, INDEX) and (path.is_symlink() or path.is_file()):
            yield name
