"""Data files by key: found here or in a mirror, else downloaded, and verified before they are read."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from reread.core import paths as places
from reread.core.data import download
from reread.core.data.datasets import Dataset, Pin, find, pin_first_use, pin_of
from reread.core.data.datasets import datasets as datasets
from reread.core.data.datasets import matching as matching
from reread.core.errors import DataError, ParameterError
from reread.core.files import read_json, write_json

ALWAYS_HASHED = 50_000_000  # bytes; a larger file is hashed again only if its size or time moved
_used: dict[str, dict[str, Any]] = {}


def pinned(key: str) -> str:
    """SHA-256 that a file must have; empty where none is recorded."""
    pin = pin_of(key)
    return pin.sha256 if pin else ""


def published(key: str) -> str:
    """SHA-256 by ``data/datasets.yml`` itself; empty for a file pinned on first use, or not listed."""
    dataset = datasets().get(key)
    return dataset.sha256 if dataset else ""


def by_series(keys: Iterable[str]) -> dict[str, list[Dataset]]:
    """Records by the key of their series; a file without one by its own key."""
    found: dict[str, list[Dataset]] = {}
    for key in keys:
        found.setdefault(find(key).series or key, []).append(find(key))
    return found


def fetch(key: str) -> Path:
    """Path of a verified file: here, in the mirror, or downloaded now; nothing half-written remains."""
    dataset, pin, path = find(key), pin_of(key), where(key)
    target = places.data() / dataset.file
    if path is None and dataset.needs_application:
        raise DataError(
            f"{key} is given out on application only: {dataset.needs_application}\n"
            f"When you have it, put it there:  {target}"
        )
    if path is None:
        path = download.download(key, dataset, pin, target)
    elif _is_packed(dataset, path):
        path = download.unpack(key, dataset, pin, path, target)
    found = _content(key, path, pin)
    if pin is None:
        download.check_form(key, dataset, path)
        pin = pin_first_use(key, found)
    download.check(key, dataset, pin, found, at=path, cure=_cure(key, path))
    is_first_use = not dataset.sha256
    _used[key] = {"key": key, **found._asdict(), "pinned_on_first_use": is_first_use}
    return path


def where(key: str) -> Path | None:
    """Path of a file that is at hand (data folder first, then mirror), unverified; None if it is not."""
    file = find(key).file
    folders = [places.data(), *filter(None, [places.mirror()])]
    candidates = [folder / name for folder in folders for name in (file, f"{file}.gz")]
    return next((path for path in candidates if path.is_file()), None)


def state(key: str) -> Literal["here", "mirror", "absent"]:
    """Where a file is: in the data folder, in the mirror, or still to be fetched."""
    path = where(key)
    if path is None:
        return "absent"
    return "here" if path.is_relative_to(places.data()) else "mirror"


def verify(keys: list[str]) -> list[str]:
    """Compare files at hand with their pins; returns a text for each that is wrong. Nothing is written."""
    if not keys:
        raise ParameterError("Name what to verify: a key of `reread data list`, or a study.")
    return [problem for key in keys if (problem := _problem(key))]


def used() -> list[dict[str, Any]]:
    """What :func:`fetch` gave in this process: key, sha256, bytes, and whether it was pinned on first use."""
    return [_used[key] for key in sorted(_used)]


def forget_used() -> None:
    """Start the list of used files anew."""
    _used.clear()


def _is_packed(dataset: Dataset, path: Path) -> bool:
    return path.suffix == ".gz" and path.name != Path(dataset.file).name


def _cure(key: str, path: Path) -> str:
    if not path.is_relative_to(places.data()):
        return "Put the right file there, or name another mirror with REREAD_MIRROR."
    if find(key).needs_application:
        return f"Put the right file there. Where to ask for it: {find(key).needs_application}"
    return f"Move it away, then run:  reread data get {key}"


def _problem(key: str) -> str:
    """What is wrong with one file at hand; empty if nothing is."""
    path, pin = where(key), pin_of(key)
    if path is None:
        return f"{key} is not at hand. Run:  reread data get {key}"
    if pin is None:
        return f"{key} is not pinned yet, so it can be any file. Run:  reread data get {key}"
    try:
        found = download.content(path, is_packed=_is_packed(find(key), path))
        download.check(key, find(key), pin, found, at=path, cure=_cure(key, path))
    except DataError as error:
        return str(error)
    except (OSError, EOFError, zlib.error) as error:
        return f"{key}: {path} cannot be read: {error}.\n{_cure(key, path)}"
    return ""


def _content(key: str, path: Path, pin: Pin | None) -> Pin:
    """Digest and size of a file; remembered for a large file until its size or time changes."""
    try:
        stat = path.stat()
        if stat.st_size < ALWAYS_HASHED or pin is None:
            return download.content(path)
        stamp = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        seen = _seen().get(str(path), {})
        if seen.get("stamp") == stamp:
            return Pin(seen["sha256"], stat.st_size)
        found = download.content(path)
        with suppress(OSError):  # a hash that is not remembered only costs time
            entry = {"stamp": stamp, "sha256": found.sha256}
            write_json(places.state() / "verified.json", _seen() | {str(path): entry})
        return found
    except OSError as error:
        raise DataError(f"{key}: {path} cannot be read: {error.strerror}.\n{_cure(key, path)}") from None


def _seen() -> dict[str, Any]:
    """Hashes of large files, remembered with their size and the time of their last change."""
    try:
        return dict(read_json(places.state() / "verified.json"))
    except (OSError, ValueError, TypeError):
        return {}
