"""Records of all data files, ``data/datasets.yml``, and the digests of files first seen here."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, NamedTuple

import yaml
from pydantic import Field, RootModel, StringConstraints, field_validator, model_validator

from reread.core import paths as places
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.files import write_text
from reread.core.records import Record, read_record

_WORD = "[a-z0-9][a-z0-9-]*"
Key = Annotated[str, StringConstraints(pattern=rf"^({'|'.join(places.STUDIES)})/{_WORD}(/{_WORD})?$")]
MEMBER = "{member}"


class Dataset(Record):
    """One file: its source, digest, licence, content and caveats.

    ``file`` is its path below the data folder and below a mirror. Without a ``sha256``, ``bytes`` is the size
    that its publisher gives (0: none). ``needs_application`` says where to apply for a file that is not
    public. ``series`` is the key of the record that the file is a member of.
    """

    title: str
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
    file: str
    bytes: int = Field(ge=0)
    sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""
    licence: str
    cite: str
    holds: str
    caveat: str = ""
    needs_application: str = ""
    series: str = ""

    @field_validator("file")
    @classmethod
    def _stays_inside(cls, file: str) -> str:
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts or "\\" in file or not path.name:
            raise ValueError("must be a path below the data folder")
        return file


class Pin(NamedTuple):
    """Digest and size of a file."""

    sha256: str
    bytes: int


class _Datasets(Record, RootModel[dict[Key, Dataset]]):
    model_config = {"extra": None, "frozen": True}

    @model_validator(mode="before")
    @classmethod
    def _unfold(cls, content: Any) -> Any:
        """Turn a series, one record with ``members``, into a file for each of them."""
        if not isinstance(content, dict):
            return content
        return {k: v for key, record in content.items() for k, v in _files_of(key, record).items()}


def _files_of(key: str, record: Any) -> dict[str, Any]:
    """The record itself; of a series ``key/member`` to the record of each member."""
    if not isinstance(record, dict) or "members" not in record:
        return {key: record}
    shared, members = {k: v for k, v in record.items() if k != "members"}, record["members"]
    if not isinstance(members, dict) or not members or not all(isinstance(v, dict) for v in members.values()):
        raise ValueError(f"members of {key} must map a word to bytes and sha256, one line a file")
    for name in ("url", "file"):
        if MEMBER not in str(record.get(name)):
            raise ValueError(f"{name} of the series {key} must hold {MEMBER}: its files differ by it")
    return {
        f"{key}/{str(member).lower()}": {
            name: value.replace(MEMBER, str(member)) if isinstance(value, str) else value
            for name, value in shared.items()
        }
        | pin
        | {"series": key}
        for member, pin in members.items()
    }


def datasets() -> dict[str, Dataset]:
    """Every recorded file by key."""
    path = places.root() / "data" / "datasets.yml"
    return _read(path, hashlib.sha256(path.read_bytes()).digest()) if path.is_file() else {}


def find(key: str) -> Dataset:
    """The record of one file; a ParameterError if there is none of that key."""
    known = datasets()
    if key not in known:
        near = did_you_mean(key, known)
        raise ParameterError(f"There is no data file {key!r} in data/datasets.yml. {near}")
    return known[key]


def matching(words: list[str]) -> list[str]:
    """Keys that are named, or that belong to a named study or series; a ParameterError for another word."""
    known = datasets()
    found = []
    for word in words:
        fits = [key for key in known if key == word or key.startswith(f"{word}/")]
        if not fits:
            find(word)
        found += fits
    return list(dict.fromkeys(found))


def pin_of(key: str) -> Pin | None:
    """The pin of a file: as recorded, else as found on first use, else None."""
    dataset = find(key)
    return Pin(dataset.sha256, dataset.bytes) if dataset.sha256 else _first_uses().get(key)


def pin_first_use(key: str, found: Pin) -> Pin:
    """Write the pin of a file without a recorded digest; returns it, or the pin of a faster process."""
    from filelock import FileLock

    lock = lock_file()
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock.with_name(".datasets.lock.turn")):  # two processes must not lose a line
            pins = {found_key: pin._asdict() for found_key, pin in _first_uses().items()}
            write_text(lock, yaml.safe_dump({key: found._asdict()} | pins, sort_keys=True))
    except OSError as error:
        raise DataError(
            f"{key} has no recorded digest and must be pinned in {lock}, but: {error.strerror or error}.\n"
            f"Make the folder writable, set REREAD_DATA, or add its sha256 ({found.sha256}) to "
            "data/datasets.yml."
        ) from None
    return _first_uses()[key]


def lock_file() -> Path:
    """File of the pins of first use, beside the data that they pin."""
    return places.data() / "datasets.lock"


def _first_uses() -> dict[str, Pin]:
    path = lock_file()
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
        return {key: Pin(str(pin["sha256"]), int(pin["bytes"])) for key, pin in (content or {}).items()}
    except (AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError):
        raise DataError(
            f"{path} must hold sha256 and bytes for each key.\nMend the line, or move the file away."
        ) from None


@lru_cache(maxsize=8)
def _read(path: Path, _content: bytes) -> dict[str, Dataset]:
    return read_record(path, _Datasets).root
