"""Every file a chapter reads: pinned in ``data/datasets.yml``, found here or in a mirror, else downloaded.

Whatever way a file comes, it is verified before anybody reads it.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlparse

import yaml
from pydantic import RootModel

from reread.core import download, places
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.files import sha256, write_text
from reread.core.records import Record, read_record

_used: dict[str, dict] = {}


class Dataset(Record):
    """One file: where it comes from, what it must be, what it holds, and what to beware of."""

    title: str
    url: str
    file: str
    bytes: int
    sha256: str = ""
    licence: str
    cite: str
    holds: str
    caveat: str = ""
    needs_application: str = ""


class _Datasets(Record, RootModel[dict[str, Dataset]]):
    model_config = {"extra": None, "frozen": True}


def datasets() -> dict[str, Dataset]:
    """Every recorded file by key.

    Raises
    ------
    ParameterError
        If ``data/datasets.yml`` is wrong: file, line, key and the nearest right key.
    """
    path = places.root() / "data" / "datasets.yml"
    return _read(path, path.stat().st_mtime_ns) if path.is_file() else {}


def find(key: str) -> Dataset:
    """The record of one file.

    Raises
    ------
    ParameterError
        If there is none of that key.
    """
    known = datasets()
    if key not in known:
        near = did_you_mean(key, known)
        raise ParameterError(f"There is no data file {key!r} in data/datasets.yml. {near}")
    return known[key]


def pinned(key: str) -> str:
    """SHA-256 that a file must have; empty when nobody has seen it yet."""
    return find(key).sha256 or _lock().get(key, "")


def fetch(key: str) -> Path:
    """Path of a verified file: here, in the mirror, or downloaded now.

    Raises
    ------
    DataError
        If the file cannot be had or is not the one that was recorded; nothing half-written remains.
    """
    dataset, wanted = find(key), pinned(key)
    path = where(key)
    if path is None:
        if dataset.needs_application:
            raise DataError(_by_application(key, dataset))
        path = download.download(key, dataset, wanted, places.data() / dataset.file)
    elif path.suffix == ".gz" and not dataset.file.endswith(".gz"):
        path = download.unpack(key, dataset, wanted, path, places.data() / dataset.file)
    else:
        download.check(key, dataset, wanted, path)
    digest = wanted or _pin(key, path)
    size = path.stat().st_size
    _used[key] = {"key": key, "sha256": digest, "bytes": size, "pinned_on_first_use": not dataset.sha256}
    return path


def where(key: str) -> Path | None:
    """Path of a file that is at hand (data folder first, then mirror), unverified; None if it is not."""
    file = find(key).file
    folders = [places.data(), *filter(None, [mirror()])]
    candidates = [folder / name for folder in folders for name in (file, f"{file}.gz")]
    return next((path for path in candidates if path.is_file()), None)


def is_here(path: Path) -> bool:
    """Whether a path lies in the data folder, and not in a mirror."""
    return path.is_relative_to(places.data())


def matching(words: list[str]) -> list[str]:
    """Keys that are named, or that belong to a named study.

    Raises
    ------
    ParameterError
        If a word is neither a key nor a study.
    """
    known = datasets()
    found = []
    for word in words:
        fits = [key for key in known if key == word or key.startswith(f"{word}/")]
        if not fits:
            find(word)
        found += fits
    return list(dict.fromkeys(found))


def verify(keys: list[str]) -> list[str]:
    """Check files that are at hand against their record; returns what is wrong, a line each.

    Raises
    ------
    ParameterError
        If no key is given: a check of nothing must not pass.
    """
    if not keys:
        raise ParameterError("Name what to verify: a key of `reread data list`, or --all.")
    problems = []
    for key in keys:
        path = where(key)
        try:
            if path is None:
                problems.append(f"{key} is not at hand. Run:  reread data get {key}")
            else:
                fetch(key)
        except DataError as error:
            problems.append(str(error))
    return problems


def used() -> list[dict]:
    """What :func:`fetch` gave in this process: key, sha256, bytes, pinned_on_first_use."""
    return [_used[key] for key in sorted(_used)]


def forget_used() -> None:
    """Start the list of used files anew."""
    _used.clear()


def mirror() -> Path | None:
    """Folder that is tried before the network: ``REREAD_MIRROR``, else ``../shared/data`` where it is.

    Raises
    ------
    ParameterError
        If ``REREAD_MIRROR`` names no folder.
    """
    named = os.environ.get("REREAD_MIRROR", "")
    if not named:
        beside = places.root().parent / "shared" / "data"
        return beside if beside.is_dir() else None
    parsed = urlparse(named)
    path = Path(unquote(parsed.path)) if parsed.scheme == "file" else Path(named)
    if not path.is_dir():
        raise ParameterError(f"REREAD_MIRROR must be a folder or a file:// address of one, but is {named!r}.")
    return path


def _lock() -> dict[str, str]:
    path = places.root() / "data" / "datasets.lock"
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path.is_file() else {}


def _pin(key: str, path: Path) -> str:
    """Remember the hash of a file nobody had seen before."""
    digest = sha256(path)
    lock = places.root() / "data" / "datasets.lock"
    write_text(lock, yaml.safe_dump(_lock() | {key: digest}, sort_keys=True))
    return digest


def _by_application(key: str, dataset: Dataset) -> str:
    target = places.data() / dataset.file
    return (
        f"{key} is given out on application only: {dataset.needs_application}\n"
        f"When you have it, put it there:  {target}"
    )


@lru_cache(maxsize=8)
def _read(path: Path, _mtime: int) -> dict[str, Dataset]:
    return read_record(path, _Datasets).root
