"""Get a file whole and verified, or leave nothing and say what to do."""

from __future__ import annotations

import errno
import gzip
import hashlib
import shutil
import sys
import time
import zlib
from pathlib import Path
from urllib.parse import urlparse

from reread.core.data.datasets import Dataset, Pin
from reread.core.errors import DataError
from reread.core.files import written_whole

PIECE = 1 << 20
TIMEOUT_S = 60
ABANDONED_S = 3600


def content(path: Path, *, is_packed: bool = False) -> Pin:
    """SHA-256 and size of a file, or of what a gzipped file holds, read in pieces.

    Raises
    ------
    OSError, EOFError, zlib.error
        If it cannot be read or unpacked.
    """
    digest, size = hashlib.sha256(), 0
    with gzip.open(path) if is_packed else path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
            size += len(piece)
    return Pin(digest.hexdigest(), size)


def check(key: str, pin: Pin | None, found: Pin, *, at: str, cure: str) -> None:
    """Compare what a file is with what it must be; without a pin, anything is right.

    Raises
    ------
    DataError
        If they differ; recorded and found stand side by side, ``at`` says where, ``cure`` what to do.
    """
    if pin is not None and found != pin:
        raise DataError(
            f"{key} is not the file the book was written with.\n"
            f"  recorded  {pin.sha256[:12]}  {pin.bytes:>13,} bytes\n"
            f"  found     {found.sha256[:12]}  {found.bytes:>13,} bytes\n"
            f"  at        {at}\n{cure}"
        )


def download(key: str, dataset: Dataset, pin: Pin | None, target: Path) -> Path:
    """Download to a temporary name, verify, move.

    Raises
    ------
    DataError
        If there is no network, no room, no permission, or another file came.
    """
    import pooch

    size = f"{dataset.bytes:,} bytes" if dataset.bytes else "of unknown size"
    _say(f"{key}: {size} from {dataset.url}\n  licence: {dataset.licence}")
    cure = "Run it again; if that stays, its address gives another file now.\n" + _by_mirror(dataset)
    try:
        _make_room(target, dataset.bytes)
        with written_whole(target) as part:
            fetch = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=TIMEOUT_S)
            fetch(dataset.url, str(part), None)
            check(key, pin, content(part), at=dataset.url, cure=cure)
    except OSError as error:
        raise DataError(_cannot(key, dataset, dataset.url, target, error)) from None
    return target


def unpack(key: str, dataset: Dataset, pin: Pin | None, packed: Path, target: Path) -> Path:
    """Unpack a gzipped file to a temporary name, verify, move.

    Raises
    ------
    DataError
        If it is not gzip, is cut off, there is no room or no permission, or another file comes out.
    """
    cure = "Put the right file there."
    try:
        _make_room(target, dataset.bytes)
        with written_whole(target) as part:
            with gzip.open(packed) as stream, part.open("wb") as out:
                shutil.copyfileobj(stream, out, PIECE)
            check(key, pin, content(part), at=f"{packed} (unpacked)", cure=cure)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{key}: {packed} is cut off or no gzip file: {error}.\n{cure}") from None
    except OSError as error:
        raise DataError(_cannot(key, dataset, str(packed), target, error)) from None
    return target


def _make_room(target: Path, n_bytes: int) -> None:
    """Drop what a killed download left behind, and see that the file will fit."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for part in target.parent.glob(f".{target.name}.*.part"):
        if time.time() - part.stat().st_mtime > ABANDONED_S:
            part.unlink(missing_ok=True)
    free = shutil.disk_usage(target.parent).free
    if free < n_bytes:
        raise OSError(errno.ENOSPC, f"No space left on device: {free:,} bytes are free")


def _cannot(key: str, dataset: Dataset, source: str, target: Path, error: OSError) -> str:
    return (
        f"{key} ({dataset.bytes:,} bytes) could not be had: {_reason(dataset, error)}.\n"
        f"  from  {source}\n"
        f"  to    {target}\n" + _cure(dataset, error)
    )


def _reason(dataset: Dataset, error: OSError) -> str:
    """Say what went wrong in one line; the texts of requests run over five."""
    import requests

    host = urlparse(dataset.url).hostname
    response = getattr(error, "response", None)
    if isinstance(error, requests.Timeout):
        return f"{host} did not answer within {TIMEOUT_S} s"
    if isinstance(error, requests.HTTPError) and response is not None:
        return f"{host} answered {response.status_code} {response.reason}"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"the connection to {host} broke off"
    if isinstance(error, requests.ConnectionError) and not isinstance(error, requests.exceptions.SSLError):
        return f"no connection to {host}"
    return error.strerror or str(error)


def _cure(dataset: Dataset, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Make room there, or set REREAD_DATA to a folder on a larger disk."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
        return "Make the folder writable, or set REREAD_DATA to one that is."
    return _by_mirror(dataset)


def _by_mirror(dataset: Dataset) -> str:
    return f"Without network: copy the file to <folder>/{dataset.file} and set REREAD_MIRROR=<folder>."


def _say(text: str) -> None:
    print(text, file=sys.stderr)
