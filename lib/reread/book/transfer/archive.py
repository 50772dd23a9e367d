"""Runs in one zip file, as they come home from a GPU machine or a cluster.

Nothing in a file is believed before it is checked. Equal runs give equal bytes.
"""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, NoReturn

from reread.book.running.atomic_folder import landing
from reread.book.status.run_record import FOLDERS, NAME, NOTEBOOK, PATH, RunRecord
from reread.book.status.staleness import Status
from reread.book.transfer.foreign_run import checked
from reread.core import paths
from reread.core.errors import DataError, ExitCode, ParameterError, RunError
from reread.core.files import read_json, sha256, written_whole
from reread.pages import PageRef, pages
from reread.studies import Profile

FILES = (NOTEBOOK, "parameters.yml", NAME)
MANY_FILES, PIECE = 100_000, 1 << 20
SOME_TIME = (1980, 1, 1, 0, 0, 0)
RUN = re.compile(r"(runs/(demo|real|paper)/[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9.-]*)/(.+)", re.DOTALL)
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError)


class Found(NamedTuple):
    """A run, its folder, the fields in which today's page differs from it, and why it cannot stand for it."""

    ref: PageRef
    folder: Path
    record: RunRecord | None
    moved: list[str] = []  # noqa: RUF012 (never changed)
    wrong: str = ""


def export_runs(out: Path, profile: Profile, study: str = "") -> str:
    """Pack the fresh runs of a profile and say what was left out; where none is fresh, nothing is written."""
    status = Status()
    states = status.states(refs := pages(profile, study))
    packed = [ref for ref in refs if states[ref.name].word == "fresh"]
    left_out = [f"  left out: {name}  {state}" for name, state in states.items() if state.word != "fresh"]
    if not packed:
        said = "\n".join([f"There is no fresh run of {profile} to pack.", *left_out])
        raise RunError(said, ExitCode.STALE)
    with written_whole(out) as part:
        n_files = pack([Found(ref, ref.folder, status.record(ref)) for ref in packed], part)
    size = out.stat().st_size
    return "\n".join([f"{len(packed)} runs, {n_files} files, {size:,} bytes packed: {out}", *left_out])


def import_runs(file: Path) -> str:
    """Check an archive whole, then put its runs in place; one that does not fit keeps all of them out."""
    paths.runs().mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=paths.runs(), prefix=".import.") as folder, ExitStack() as stack:
        found = found_in(file, Path(folder), Status())
        _refuse_what_is_not_fresh(file, found)
        source = f"{file.name} (SHA-256 {sha256(file)[:12]})"
        # every folder is locked and filled before the first takes its name
        parts = [stack.enter_context(landing(one.ref.folder)) for one in found]
        for part, one in zip(parts, found, strict=True):
            for entry in one.folder.iterdir():
                entry.rename(part / entry.name)
            for name in FOLDERS:
                (part / name).mkdir(exist_ok=True)
            content = read_json(part / NAME)
            RunRecord.seal(part, content | {"imported": content.get("imported") or source})
    lines = [f"  {one.ref.name}  ({one.ref.profile})" for one in found]
    return "\n".join([f"{len(found)} runs taken from {file}:", *lines])


def pack(runs: list[Found], out: Path, may_lack: Callable[[str], bool] = lambda name: False) -> int:
    """Write runs into a zip file without times and owners of this machine; the number of files."""
    files = {
        f"runs/{run.ref.profile}/{run.ref.name}/{name}": run.folder / name
        for run in runs
        for name in (*run.record.files, NAME)
        if not may_lack(name)
    }
    with zipfile.ZipFile(out, "w") as archive:
        for name, path in sorted(files.items()):
            member = zipfile.ZipInfo(name, SOME_TIME)
            member.create_system, member.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            member.compress_type, member.file_size = zipfile.ZIP_DEFLATED, path.stat().st_size
            with path.open("rb") as content, archive.open(member, "w") as target:
                shutil.copyfileobj(content, target, PIECE)
    return len(files)


def _unpack(file: Path, into: Path, most: int | None) -> list[str]:
    """Unpack a zip file of runs into an empty folder, member by member; the folders of the runs."""
    if not file.is_file():
        raise DataError(f"There is no archive {file}.\nMake one with:  reread runs export")
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            runs = _checked_members(file, members, most or shutil.disk_usage(into).free)
            for member in members:
                path = into / member.filename
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as content, path.open("xb") as target:
                    shutil.copyfileobj(content, target, PIECE)
        return runs
    except BROKEN as error:
        refuse(file, f"it is no zip file, or damaged ({error})")
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        refuse(file, f"two of its members are in each other's way ({error})")
    except OSError as error:
        raise DataError(f"{file} cannot be unpacked: {error}.\nNothing was taken from it.") from None


def _checked_members(file: Path, members: list[zipfile.ZipInfo], most: int) -> list[str]:
    """The folders of the runs; refuses what is no plain file of a run, and more than there is room for."""
    counts = Counter(member.filename for member in members)
    if not 0 < len(members) <= MANY_FILES:
        refuse(file, f"it holds {len(members):,} files, but one to {MANY_FILES:,} are wanted")
    for member in members:
        found = RUN.fullmatch(member.orig_filename)
        kind, slash, _ = (below := found[3] if found else "").partition("/")
        if not (PATH.fullmatch(below) and (below in FILES or (slash and kind in FOLDERS))):
            refuse(file, f"{member.orig_filename!r} is no place for a file of a run")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
            refuse(file, f"{member.filename!r} is not a plain file")
        if counts[member.filename] > 1:
            refuse(file, f"{member.filename!r} is there twice")
    if (size := sum(member.file_size for member in members)) > most:
        refuse(file, f"it would take {size:,} bytes, but {most:,} are the most")
    runs = list(dict.fromkeys(RUN.fullmatch(name)[1] for name in counts))
    for run in runs:
        for name in FILES:
            if f"{run}/{name}" not in counts:
                refuse(file, f"the run {run} has no {name}")
    return runs


def found_in(
    file: Path,
    into: Path,
    status: Status,
    *,
    most: int | None = None,
    may_lack: Callable[[str], bool] = lambda name: False,
) -> list[Found]:
    """Every run of a file, unpacked and compared with itself and with what would be run here today."""
    found = []
    for run in _unpack(file, into, most):
        profile, name = run.split("/", 2)[1:]
        ref = next((ref for ref in pages(profile, name.partition("/")[0]) if ref.name == name), None)
        if ref is None:
            raise ParameterError(f"{file} holds {name}, which is no page of {profile} here.")
        record, wrong = checked(ref, into / run, may_lack)
        found.append(Found(ref, into / run, record, status.moved(ref, record) if record else [], wrong))
    return found


def _refuse_what_is_not_fresh(file: Path, found: list[Found]) -> None:
    """Refuse runs that differ from what would be run here today, field by field."""
    differ = [one for one in found if one.wrong or one.moved]
    lines = [f"  {one.ref.name}  {one.wrong or 'differs in: ' + ', '.join(one.moved)}" for one in differ]
    said = [f"{file} is refused, nothing was taken from it:", *lines]
    said.append("Check out the commit it was made with, or make the run anew.")
    if any(" data " in line for line in lines):
        said.append("A file that was pinned on first use brings its pin along in data/datasets.lock.")
    if lines:
        raise RunError("\n".join(said), ExitCode.STALE)


def refuse(file: Path, why: str) -> NoReturn:
    """Refuse an archive, with the reason."""
    raise DataError(f"{file} is refused: {why}.\nNothing was taken from it. Make it anew.")
