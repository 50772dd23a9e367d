"""Download and unpack data files: verified before they get their name, or not kept at all."""

from __future__ import annotations

import errno
import gzip
import hashlib
import shutil
import sys
import tempfile
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlparse

from reread.core.data.datasets import Dataset, Pin, lock_file
from reread.core.errors import DataError
from reread.core.files import written_whole

PIECE = 1 << 20
TIMEOUT_S = 60
RETRIES, PAUSE_S = 1, 1
ABANDONED_S = 3600
MAGIC = {
    ".gz": b"\x1f\x8b",
    ".gctx": b"\x89HDF",
    ".h5": b"\x89HDF",
    ".npz": b"PK\x03\x04",
    ".xlsx": b"PK\x03\x04",
    ".zip": b"PK\x03\x04",
}
TEXT = (".csv", ".tsv", ".txt", ".gct", ".gmt", ".vcf", ".bed", ".json")


def content(path: Path, *, is_packed: bool = False) -> Pin:
    """SHA-256 and size of a file, or of what a gzipped file holds, read in pieces."""
    digest, size = hashlib.sha256(), 0
    with gzip.open(path) if is_packed else path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
            size += len(piece)
    return Pin(digest.hexdigest(), size)


def check(key: str, dataset: Dataset, pin: Pin | None, found: Pin, *, at: object, cure: str) -> None:
    """Raise DataError if a file differs from its pin: recorded and found, where, and what to do."""
    if pin is None or found == pin:
        return
    wanted = "the file the book was written with" if dataset.sha256 else "the file that was used here first"
    line = "" if dataset.sha256 else f"\nIf the new file is meant, delete its lines in {lock_file()}."
    raise DataError(
        f"{key} is not {wanted}.\n"
        f"  recorded  {pin.sha256[:12]}  {pin.bytes:>13,} bytes\n"
        f"  found     {found.sha256[:12]}  {found.bytes:>13,} bytes\n"
        f"  at        {at}\n{cure}{line}"
    )


def check_form(key: str, dataset: Dataset, path: Path) -> None:
    """Raise DataError if a file without a recorded digest cannot be what its name and record say."""
    suffix, size = Path(dataset.file).suffix.lower(), path.stat().st_size
    is_packed = suffix == ".gz"
    try:
        with path.open("rb") as stream:
            start = inner = stream.read(PIECE)
        if is_packed and start.startswith(MAGIC[".gz"]):
            with gzip.open(path) as stream:
                inner = stream.read(PIECE)
        fault = _fault(suffix, start, inner)
        if not fault and is_packed:
            content(path, is_packed=True)  # to the end, where a gzip file has its checksum
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        fault = f"damaged or cut off ({error})"
    if not fault and dataset.bytes and size > dataset.bytes:
        fault = f"larger ({size:,} bytes) than its publisher says ({dataset.bytes:,} bytes)"
    if fault:
        raise DataError(
            f"{key} has no recorded digest, and what came must not be pinned: it is {fault}.\n"
            f"  at  {path}\n  from  {dataset.url}"
        )


def _fault(suffix: str, start: bytes, inner: bytes) -> str:
    """What is wrong with the first bytes of a file of that suffix; empty if nothing is."""
    if not inner.strip():
        return "empty"
    if inner.lstrip(b"\xef\xbb\xbf \r\n\t")[:20].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page"
    if suffix in MAGIC and not start.startswith(MAGIC[suffix]):
        return f"no {suffix} file"
    if suffix in TEXT and (b"\0" in inner or inner.startswith(MAGIC[".gz"])):
        return f"binary, not the text of a {suffix} file"
    return ""


def download(key: str, dataset: Dataset, pin: Pin | None, target: Path) -> Path:
    """Download beside ``target``, verify, move; a DataError says why a file could not be had.

    What came of a pinned file before the connection broke off is kept, and the next download goes on from it.
    """
    import requests

    size = f"{dataset.bytes:,} bytes" if dataset.bytes else "of unknown size"
    print(f"{key}: {size} from {dataset.url}\n  licence: {dataset.licence}", file=sys.stderr)
    cure = "Run it again; if that stays, its address gives another file now.\n" + _by_mirror(dataset)
    kept = target.with_name(f".{target.name}.{pin.sha256[:12]}.partial") if pin else None
    try:
        _make_room(target, dataset.bytes)
        with tempfile.TemporaryDirectory(
            prefix=f".{target.name}.", suffix=".part", dir=target.parent
        ) as folder:
            part = Path(folder, "file")
            if kept and kept.is_file():
                with suppress(FileNotFoundError):  # another process took it first
                    kept.replace(part)
            try:
                _stream(dataset, part, pin)
            except (requests.RequestException, KeyboardInterrupt):
                if kept and part.is_file() and part.stat().st_size:
                    part.replace(kept)
                raise
            if pin is None:
                check_form(key, dataset, part)
            check(key, dataset, pin, content(part), at=dataset.url, cure=cure)
            part.replace(target)
    except OSError as error:
        raise DataError(_cannot(key, dataset, dataset.url, target, error)) from None
    return target


def _stream(dataset: Dataset, part: Path, pin: Pin | None) -> None:
    """Write what the server sends, behind the bytes of ``part`` if it sends the rest only; try again once.

    Without a pin nothing would tell that both halves are of one file, so it starts from zero.
    """
    import pooch
    import requests

    for tries_left in range(RETRIES, -1, -1):
        with part.open("ab") as out:
            have = out.tell() if pin and out.tell() < pin.bytes else out.truncate(0)

            def accept(response: Any, have: int = have, out: IO[bytes] = out, **_: object) -> None:
                _refuse(response, dataset, have)
                if response.status_code == 200:
                    out.truncate(0)

            fetch = pooch.HTTPDownloader(
                progressbar=sys.stderr.isatty(),
                timeout=TIMEOUT_S,  # and the bytes as published, not as packed for the way
                headers={"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {}),
                hooks={"response": accept},
            )
            try:
                return fetch(dataset.url, out, None)
            except requests.RequestException:
                if not tries_left:
                    raise
        time.sleep(PAUSE_S)


def _refuse(response: Any, dataset: Dataset, have: int) -> None:
    """Refuse every answer but 200 or the part behind ``have`` bytes, and a body larger than declared."""
    import requests

    if response.is_redirect:
        return
    is_rest = have and response.headers.get("content-range", "").startswith(f"bytes {have}-")
    if response.status_code != (206 if is_rest else 200):
        raise requests.HTTPError(response=response)
    announced, bound = int(response.headers.get("content-length") or 0), dataset.bytes
    if bound and not dataset.sha256 and announced > bound:
        host = urlparse(dataset.url).hostname
        raise requests.HTTPError(f"{host} offers {announced:,} bytes, more than recorded", response=response)


def unpack(key: str, dataset: Dataset, pin: Pin | None, packed: Path, target: Path) -> Path:
    """Unpack a gzipped file to a temporary name, verify, move; a DataError says what is wrong."""
    cure = "Put the right file there."
    try:
        _make_room(target, dataset.bytes)
        with written_whole(target) as part:
            with gzip.open(packed) as stream, part.open("wb") as out:
                shutil.copyfileobj(stream, out, PIECE)
            check(key, dataset, pin, content(part), at=f"{packed} (unpacked)", cure=cure)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{key}: {packed} is cut off or no gzip file: {error}.\n{cure}") from None
    except OSError as error:
        raise DataError(_cannot(key, dataset, str(packed), target, error)) from None
    return target


def _make_room(target: Path, n_bytes: int) -> None:
    """Remove what a killed download left behind, and check that the file will fit."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for part in target.parent.glob(f".{target.name}.*.part"):
        if time.time() - part.stat().st_mtime > ABANDONED_S:
            shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)
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
    """What went wrong, in one line; the texts of requests run over five."""
    import requests

    host = urlparse(dataset.url).hostname
    response = getattr(error, "response", None)
    if isinstance(error, requests.Timeout):
        return f"{host} did not answer within {TIMEOUT_S} s"
    if isinstance(error, requests.HTTPError) and response is not None:
        return str(error) or f"{host} answered {response.status_code} {response.reason}"
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
