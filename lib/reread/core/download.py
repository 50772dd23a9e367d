"""Get a file whole and verified, or leave nothing and say what to do."""

from __future__ import annotations

import gzip
import shutil
import sys
from pathlib import Path
from typing import Protocol

from reread.core.errors import DataError
from reread.core.files import sha256, written_whole


class Pinned(Protocol):
    """What is known of a file; see :class:`reread.core.registry.Dataset`."""

    url: str
    bytes: int
    licence: str
    file: str


def check(key: str, dataset: Pinned, wanted: str, path: Path) -> None:
    """Compare size and SHA-256 of a file with its record.

    Raises
    ------
    DataError
        If they differ; recorded and found stand side by side.
    """
    size = path.stat().st_size
    found = sha256(path) if not wanted or size == dataset.bytes else ""
    if wanted and (size != dataset.bytes or found != wanted):
        found = found or sha256(path)
        raise DataError(
            f"{key} is not the file the book was written with.\n"
            f"  recorded  {wanted[:12]}  {dataset.bytes:>13,} bytes\n"
            f"  found     {found[:12]}  {size:>13,} bytes\n"
            f"  at        {path}\n"
            f"Delete it, then run:  reread data get {key}"
        )


def download(key: str, dataset: Pinned, wanted: str, target: Path) -> Path:
    """Download to a temporary name, verify, move.

    Raises
    ------
    DataError
        If there is no network, no room, no permission, or another file came.
    """
    import pooch

    _say(f"{key}: {dataset.bytes:,} bytes from {dataset.url}\n  licence: {dataset.licence}")
    try:
        with written_whole(target) as part:
            fetch = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=60)
            fetch(dataset.url, str(part), None)
            check(key, dataset, wanted, part)
    except OSError as error:
        raise DataError(_cannot(key, dataset, target, error)) from None
    return target


def unpack(key: str, dataset: Pinned, wanted: str, packed: Path, target: Path) -> Path:
    """Unpack a gzipped file of a mirror to a temporary name, verify, move.

    Raises
    ------
    DataError
        If it is not gzip, there is no room or no permission, or what comes out is another file.
    """
    try:
        with written_whole(target) as part:
            with gzip.open(packed) as stream, part.open("wb") as out:
                shutil.copyfileobj(stream, out, 1 << 20)
            check(key, dataset, wanted, part)
    except EOFError:
        raise DataError(f"{key}: {packed} is cut off. Copy it to the mirror again.") from None
    except OSError as error:
        raise DataError(_cannot(key, dataset, target, error)) from None
    return target


def _cannot(key: str, dataset: Pinned, target: Path, error: OSError) -> str:
    return (
        f"{key} ({dataset.bytes:,} bytes) could not be had: {error}\n"
        f"  from  {dataset.url}\n"
        f"  to    {target}\n"
        f"Without network: copy the file to <folder>/{dataset.file} and set REREAD_MIRROR=<folder>."
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr)
