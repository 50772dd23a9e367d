"""Bring runs home from a GPU machine or a cluster: one archive, taken only where its runs are fresh.

An archive is a gzipped tar. Its first member, ``manifest.json``, lists the stale key of every run, and size
and SHA-256 of every file. Equal runs give equal bytes.
"""

from __future__ import annotations

import gzip
import json
import tarfile
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from reread.book.running.atomic_folder import landing
from reread.book.status.run_record import FOLDERS, NAME, STALE, RunRecord
from reread.book.status.staleness import Status
from reread.book.transfer.foreign_run import checked
from reread.book.transfer.unpack import MANIFEST, Manifest, unpack
from reread.core import paths as places
from reread.core.errors import ParameterError, RunError
from reread.core.files import read_json, sha256, written_whole
from reread.pages import PageRef, pages
from reread.studies import Profile


@dataclass(frozen=True)
class Report:
    """What was packed or unpacked, and what was left out, a line each."""

    lines: tuple[str, ...]
    exit_code: int = 0

    def text(self) -> str:
        """The lines."""
        return "\n".join(self.lines)


def export_runs(out: Path, profile: Profile, study: str = "") -> Report:
    """Pack the fresh runs of a profile.

    Parameters
    ----------
    out : Path
        The archive to write, whole or not at all.
    profile : str
        Runs of this profile.
    study : str
        One study only; all when empty.

    Raises
    ------
    RunError
        With exit code 9, if no run is fresh: an import would refuse all of them.
    """
    status = Status()
    states = status.states(refs := pages(profile, study))
    packed = [ref for ref in refs if states[ref.name].word == "fresh"]
    left_out = [f"  left out: {name}  {state}" for name, state in states.items() if state.word != "fresh"]
    if not packed:
        raise RunError("\n".join([f"There is no fresh run of {profile} to pack.", *left_out]), STALE)
    files = {
        f"{folder_name(ref)}/{name}": ref.folder / name
        for ref in packed
        for name in (*status.record(ref).files, NAME)
    }
    with written_whole(out) as part:
        keys = {folder_name(ref): status.key(ref) for ref in packed}
        _pack(part, manifest_of(keys, files), files)
    size = out.stat().st_size
    return Report((f"{len(packed)} runs, {len(files)} files, {size:,} bytes packed: {out}", *left_out))


def import_runs(file: Path) -> Report:
    """Check an archive whole, then put its runs in place; one that does not fit keeps all of them out.

    Parameters
    ----------
    file : Path
        An archive of :func:`export_runs`.

    Raises
    ------
    DataError
        If the archive is not what :func:`export_runs` writes.
    ParameterError
        If it holds a page that is not in the record.
    RunError
        With exit code 9, if a run is not fresh by today's code, data, parameters and packages; the field
        that differs is named. With 4, if another process is at work on the page.
    """
    places.runs().mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=places.runs(), prefix=".import.") as folder:
        manifest = unpack(file, Path(folder))
        found = [(page_of(file, run), Path(folder) / run, key) for run, key in manifest.runs.items()]
        _refuse_what_is_not_fresh(file, found)
        _land(found, f"{file.name} (SHA-256 {sha256(file)[:12]})")
    lines = [f"  {ref.name}  ({ref.profile})" for ref, _, _ in found]
    return Report((f"{len(found)} runs taken from {file}:", *lines))


def manifest_of(keys: dict[str, str], files: dict[str, Path]) -> bytes:
    """The manifest of an archive: stale keys by folder of a run, size and digest by file."""
    entries = {name: {"sha256": sha256(path), "bytes": path.stat().st_size} for name, path in files.items()}
    manifest = {"version": 1, "runs": keys, "files": entries}
    Manifest.model_validate(manifest)
    return (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()


def _pack(out: Path, manifest: bytes, files: dict[str, Path]) -> None:
    """Write the archive without names, times and owners of this machine."""
    with (
        out.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        _add(archive, MANIFEST, len(manifest), BytesIO(manifest))
        for name, path in sorted(files.items()):
            with path.open("rb") as content:
                _add(archive, name, path.stat().st_size, content)


def _add(archive: tarfile.TarFile, name: str, size: int, content: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    archive.addfile(member, content)


def folder_name(ref: PageRef) -> str:
    """Where the run of a page lies in an archive."""
    return f"runs/{ref.profile}/{ref.name}"


def page_of(file: Path, run: str) -> PageRef:
    """The page whose run lies in a folder."""
    profile, name = run.split("/", 2)[1:]
    fits = [ref for ref in pages(profile, name.partition("/")[0]) if ref.name == name]
    if not fits:
        raise ParameterError(f"{file} holds {name}, which is no page of {profile} here.")
    return fits[0]


def _refuse_what_is_not_fresh(file: Path, found: list[tuple[PageRef, Path, str]]) -> None:
    """Compare each run with what would be run here today, field by field."""
    status = Status()
    lines = [
        f"  {ref.name}  {why}" for ref, folder, key in found if (why := _why_not(ref, folder, key, status))
    ]
    if lines:
        raise RunError(
            "\n".join([f"{file} is refused, nothing was taken from it:", *lines, *_advice(lines)]), STALE
        )


def _why_not(ref: PageRef, folder: Path, key: str, status: Status) -> str:
    """Why a run cannot stand for its page; empty if it can."""
    try:
        record = checked(ref, folder, key)
    except RunError as error:
        return str(error)
    if moves := status.moved(ref, record):
        return f"differs in: {', '.join(moves)}"
    return ""


def _advice(lines: list[str]) -> list[str]:
    advice = ["Check out the commit it was made with, or make the run anew."]
    if any(" data " in line for line in lines):
        advice.append("A file that was pinned on first use brings its pin along in data/datasets.lock.")
    return advice


def _land(found: list[tuple[PageRef, Path, str]], source: str) -> None:
    """Put all runs in place, or none: every folder is locked and filled before the first takes its name."""
    with ExitStack() as stack:
        parts = [stack.enter_context(landing(ref.folder)) for ref, _, _ in found]
        for part, (_, run, _) in zip(parts, found, strict=True):
            for entry in run.iterdir():
                entry.rename(part / entry.name)
            for name in FOLDERS:
                (part / name).mkdir(exist_ok=True)
            content = read_json(part / NAME)
            RunRecord.seal(part, content | {"imported": content.get("imported") or source})
