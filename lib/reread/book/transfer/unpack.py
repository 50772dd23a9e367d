"""Unpack an archive that somebody else may have made: nothing in it is believed before it is checked.

Only plain files that the manifest lists, of the size and SHA-256 it lists, under names that cannot leave the
folder of a run. Links, devices, absolute paths, ``..`` and bombs are refused by name.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Literal, NoReturn

from pydantic import Field, StringConstraints, ValidationError

from reread.book.status.run_record import FOLDERS, PATH
from reread.core.errors import DataError
from reread.core.records import Record

MANIFEST = "manifest.json"
FILES = ("notebook.ipynb", "parameters.yml", "record.json")
MAX_FILES, MAX_AT_ONCE, PIECE = 100_000, 64 << 20, 1 << 20
BROKEN = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, OverflowError, RecursionError)
RUN = re.compile(r"runs/(demo|real|paper)/[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9.-]*")


class Entry(Record):
    """What one file must be."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    bytes: int = Field(ge=0)


class Manifest(Record):
    """What an archive holds: the stale key of each run by its folder, and every file by its path."""

    version: Literal[1]
    runs: dict[str, str] = Field(min_length=1)
    files: dict[str, Entry] = Field(max_length=MAX_FILES)


def unpack(file: Path, into: Path) -> Manifest:
    """Check an archive member by member and unpack it."""
    with _opened(file) as archive:
        members = iter(archive)
        manifest = _manifest(file, archive, next(members, None))
        size, free = sum(entry.bytes for entry in manifest.files.values()), shutil.disk_usage(into).free
        if size > free:
            refuse(file, f"it would take {size:,} bytes, but {free:,} are free")
        seen: set[str] = set()
        for member in members:
            _check_member(file, member, manifest, seen)
            _write(file, archive, member, manifest.files[member.name], into)
            seen.add(member.name)
    missing = sorted(manifest.files.keys() - seen)
    if missing:
        refuse(file, f"it lacks {missing[0]}" + (f" and {len(missing) - 1} more" if missing[1:] else ""))
    return manifest


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    """Open the archive; whatever a broken one makes Python say becomes one error."""
    if not file.is_file():
        raise DataError(f"There is no archive {file}.\nMake one with:  reread runs export")
    try:
        with gzip.open(file) as stream, tarfile.open(fileobj=_Bounded(file, stream), mode="r:") as archive:
            yield archive
    except BROKEN as error:
        refuse(file, f"it is cut off or no gzipped tar ({error})")
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        refuse(file, f"two of its members are in each other's way ({error})")
    except OSError as error:
        raise DataError(f"{file} cannot be unpacked: {error}.\nNothing was taken from it.") from None


def _manifest(file: Path, archive: tarfile.TarFile, member: tarfile.TarInfo | None) -> Manifest:
    """Read the first member."""
    if member is None or member.name != MANIFEST or not _is_plain(member):
        refuse(file, f"its first member is not {MANIFEST}")
    return read_manifest(file, _content(archive, member).read())


def read_manifest(file: Path, content: bytes) -> Manifest:
    """The manifest of an archive, after a look that what it lists can only land in the folders of runs."""
    try:
        manifest = Manifest.model_validate(json.loads(content))
    except (ValidationError, ValueError, RecursionError) as error:
        refuse(file, f"its {MANIFEST} is wrong: {error}")
    for run in manifest.runs:
        if not RUN.fullmatch(run):
            refuse(file, f"{run!r} is not the folder of a run")
        for name in FILES:
            if f"{run}/{name}" not in manifest.files:
                refuse(file, f"the run {run} has no {name}")
    for name in manifest.files:
        if not _may_land(name, manifest):
            refuse(file, f"{name!r} is no place for a file of a run")
    return manifest


def _may_land(name: str, manifest: Manifest) -> bool:
    """Whether a path lies in a listed run, in one of the places that runs have."""
    parts = name.split("/")
    run, below = "/".join(parts[:4]), parts[4:]
    is_placed = below[0] in FOLDERS if len(below) > 1 else below[:1] != [] and below[0] in FILES
    return run in manifest.runs and is_placed and PATH.fullmatch("/".join(below)) is not None


def _check_member(file: Path, member: tarfile.TarInfo, manifest: Manifest, seen: set[str]) -> None:
    if member.name not in manifest.files:
        refuse(file, f"{member.name!r} is not in its {MANIFEST}")
    if not _is_plain(member):
        refuse(file, f"{member.name!r} is not a plain file")
    if member.name in seen:
        refuse(file, f"{member.name!r} is there twice")
    if member.size != manifest.files[member.name].bytes:
        wanted = manifest.files[member.name].bytes
        refuse(file, f"{member.name!r} has {member.size:,} bytes, but {wanted:,} are listed")


def _write(file: Path, archive: tarfile.TarFile, member: tarfile.TarInfo, entry: Entry, into: Path) -> None:
    """Write one member, and compare what was written with what was listed."""
    try:
        tarfile.data_filter(member, str(into))
    except tarfile.FilterError as error:
        refuse(file, f"{member.name!r}: {error}")
    path = into / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, content = hashlib.sha256(), _content(archive, member)
    with path.open("xb") as out:
        while piece := content.read(PIECE):
            digest.update(piece)
            out.write(piece)
    if digest.hexdigest() != entry.sha256:
        refuse(
            file,
            f"{member.name!r} was altered: listed {entry.sha256[:12]}, found {digest.hexdigest()[:12]}",
        )


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(member)
    assert content is not None, "a plain file has content"
    return content


def _is_plain(member: tarfile.TarInfo) -> bool:
    return member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()


def refuse(file: Path, why: str) -> NoReturn:
    """Refuse an archive, with the reason."""
    raise DataError(f"{file} is refused: {why}.\nNothing was taken from it. Make it anew.")


class _Bounded:
    """A stream that never gives more at once than fits in memory: tar headers may ask for anything."""

    def __init__(self, file: Path, stream: IO[bytes]):
        self.file, self.stream = file, stream

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_AT_ONCE:
            refuse(self.file, f"one of its headers has {size:,} bytes")
        return self.stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.stream.seek(offset, whence)

    def tell(self) -> int:
        return self.stream.tell()
