"""Recorded runs: finished runs of a profile that travel with the repository, ``recorded/<profile>.zip``.

Each holds notebook, record, parameters, vector figures and data of figures and tables; no pictures in pixels
and no artifacts. Equal runs give equal bytes. What is read is checked as an import is.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

from reread.book.status.run_record import NAME, RunRecord
from reread.book.status.staleness import Status
from reread.book.transfer.archive import Report, folder_name, manifest_of, page_of
from reread.book.transfer.foreign_run import checked
from reread.book.transfer.unpack import MANIFEST, Manifest, read_manifest, refuse
from reread.core import paths
from reread.core.errors import DataError, ExitCode, RunError
from reread.core.files import written_whole
from reread.pages import PageRef, pages
from reread.studies import PROFILES, Profile, Study, every, find

LARGEST = 2_000_000  # bytes of one file of a study
LARGEST_CONTENT = 64_000_000  # bytes that it may unpack to
SOME_TIME = (1980, 1, 1, 0, 0, 0)
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, KeyError)


class Recorded(NamedTuple):
    """A recorded run, where it was unpacked, and the fields in which today's page differs from it."""

    ref: PageRef
    folder: Path
    record: RunRecord
    moved: list[str]


def recorded_path(study: Study, profile: Profile) -> Path:
    """Where the recorded runs of a study lie."""
    return paths.root() / "chapters" / study.key / "recorded" / f"{profile}.zip"


def record_runs(profile: Profile, study: str = "") -> Report:
    """Pack the finished runs of each study into the file that the repository holds.

    Raises
    ------
    RunError
        With exit code 9, if a page is not fresh: a record of a study is whole.
    DataError
        If a file would be larger than 2 MB.
    """
    status, lines = Status(), []
    records = [one for one in ([find(study)] if study else every()) if pages(profile, one.key)]
    refs = [ref for one in records for ref in pages(profile, one.key)]
    wrong = [f"  {ref.name}  {state}" for ref in refs if (state := status.state(ref)).word != "fresh"]
    if wrong or not refs:
        said = "\n".join([f"Only fresh runs of {profile} are recorded:", *(wrong or ["  there is no page"])])
        raise RunError(f"{said}\nRun:  reread build --profile {profile} --no-site", ExitCode.STALE)
    for one in records:
        out = recorded_path(one, profile)
        folders = {folder_name(ref): ref.folder for ref in pages(profile, one.key)}
        with written_whole(out) as part:
            pack(folders, {folder_name(ref): status.key(ref) for ref in pages(profile, one.key)}, part)
            if (size := part.stat().st_size) > LARGEST:
                raise DataError(f"{out} would have {size:,} bytes, but {LARGEST:,} are the most.")
        lines.append(f"{one.key}: {len(folders)} runs, {size:,} bytes recorded: {out}")
    return Report(tuple(lines))


def pack(folders: dict[str, Path], keys: dict[str, str], out: Path) -> None:
    """Write runs into a zip file: the manifest first, then every file by its name."""
    files = {
        f"{run}/{name}": folder / name
        for run, folder in folders.items()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not is_left_out(name := path.relative_to(folder).as_posix())
    }
    contents = {MANIFEST: manifest_of(keys, files)}
    contents |= {name: files[name].read_bytes() for name in sorted(files)}
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in contents.items():
            member = zipfile.ZipInfo(name, SOME_TIME)
            member.create_system, member.external_attr = 3, 0o644 << 16
            archive.writestr(member, content, zipfile.ZIP_DEFLATED, 9)


def recorded_runs(study: Study, profile: Profile, into: Path, status: Status) -> list[Recorded]:
    """The recorded runs of a study, unpacked into an empty folder; none where nothing was recorded.

    Raises
    ------
    DataError
        If the file is not what :func:`record_runs` writes, or a run in it was altered.
    ParameterError
        If it holds a page that the study does not have.
    """
    file = recorded_path(study, profile)
    if not file.is_file():
        return []
    manifest, found = _unpack(file, into), []
    for run, key in manifest.runs.items():
        ref = page_of(file, run)
        if (ref.study.key, ref.profile) != (study.key, profile):
            refuse(file, f"{run} is no run of {study.key} in {profile}")
        try:
            record = checked(ref, into / run, key, may_lack=is_left_out)
        except RunError as error:
            refuse(file, f"{ref.name} {error}")
        found.append(Recorded(ref, into / run, record, status.moved(ref, record)))
    order = {ref.name: number for number, ref in enumerate(pages(profile, study.key))}
    return sorted(found, key=lambda one: order[one.ref.name])


def adopt_recorded(status: Status, into: Path) -> dict[tuple[Profile, str], Path]:
    """Let recorded runs stand for the pages that have no fresh run here; the folder of each by its page."""
    known = [one for study in every() for p in PROFILES for one in recorded_runs(study, p, into, status)]
    taken = [one for one in known if status.state(one.ref).word != "fresh"]
    for one in taken:
        status.adopt(one.ref, one.record, one.moved)
    return {(one.ref.profile, one.ref.name): one.folder for one in taken}


def is_left_out(name: str) -> bool:
    """Whether a file of a run is not recorded: pictures in pixels, artifacts, the page of a single run."""
    is_kept = name.startswith(("figures/", "tables/")) or name in (NAME, "notebook.ipynb", "parameters.yml")
    return not is_kept or name.endswith(".png")


def _unpack(file: Path, into: Path) -> Manifest:
    """Check a file member by member and unpack it."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            if names[:1] != [MANIFEST] or members[0].file_size > LARGEST_CONTENT:
                refuse(file, f"its first member is not {MANIFEST}")
            manifest = read_manifest(file, archive.read(members[0]))
            if sorted(names[1:]) != sorted(manifest.files):
                refuse(file, f"its members are not those that its {MANIFEST} lists, each once")
            if sum(entry.bytes for entry in manifest.files.values()) > LARGEST_CONTENT:
                refuse(file, f"it would take more than {LARGEST_CONTENT:,} bytes")
            for member in members[1:]:
                _write(file, archive, member, manifest, into)
    except BROKEN as error:
        refuse(file, f"it is no zip file, or damaged ({error})")
    except OSError as error:
        raise DataError(f"{file} cannot be unpacked: {error}.") from None
    return manifest


def _write(
    file: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, manifest: Manifest, into: Path
) -> None:
    """Write one member as a plain file, after a comparison with what is listed."""
    entry = manifest.files[member.filename]
    if member.file_size != entry.bytes:
        refuse(file, f"{member.filename!r} has {member.file_size:,} bytes, but {entry.bytes:,} are listed")
    content = archive.read(member)
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        refuse(file, f"{member.filename!r} was altered")
    path = into / member.filename
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
