"""Runs in one zip file, as they come home from a cluster or travel with the repository.

Nothing in a file is believed before it is checked. Equal runs give equal bytes. Recorded runs
(``recorded/<profile>.zip`` of a study) lack pictures in pixels and artifacts.
"""

import re
import shutil
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, NoReturn

from reread.book.running.atomic_folder import landing
from reread.book.status.run_record import FOLDERS, NAME, NOTEBOOK, PATH, RunRecord
from reread.book.status.staleness import State, Status
from reread.core import paths
from reread.core.errors import DataError, ExitCode, ParameterError, RunError
from reread.core.files import read_json, sha256, written_whole
from reread.pages import PageRef, pages
from reread.studies import PROFILES, Profile, Study, every, find

LARGEST = 2_000_000  # bytes of one file of recorded runs
LARGEST_CONTENT = 64_000_000  # bytes that it may unpack to
FILES = (NOTEBOOK, "parameters.yml", NAME)
_MANY_FILES, _PIECE = 65_000, 1 << 20  # the count at the end of a zip file has two bytes
_SOME_TIME = (1980, 1, 1, 0, 0, 0)
_RUN = re.compile(r"(runs/(demo|real|paper)/[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9.-]*)/(.+)", re.DOTALL)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError)
# what a page shows; anything else in a notebook that comes from elsewhere could run a script in the reader's
# browser or read a file here
_KINDS = ("stream", "display_data", "execute_result")
_MIMES = ("text/plain", "text/markdown", "image/png")
_BOXES = ("figure", "table", "note", "warning")
_OWN_FILE = re.compile(r"(?:[^`<>]*<)?(?:figures|tables)/[a-z0-9-]+\.(?:csv|svg|png)>?")
_DIRECTIVE = re.compile(r"^[ \t>]*(?:`{3,}|~{3,}|:{3,})[ \t]*\{([^}]*)\}[ \t]*(.*)$", re.MULTILINE)
_ROLE = re.compile(r"\{([A-Za-z][^}\s]*)\}(`+)([^`]*)`")
# a tag, a comment or a link with a scheme; a backslash before the sign makes it text
_MARKUP = re.compile(r"(?<!\\)<[A-Za-z/!?]|\]\(\s*[a-z]+:|\b(?:javascript|data|file):\S", re.IGNORECASE)
_LINK = re.compile(r"\{download\}`[^`]*`")


class Found(NamedTuple):
    """A run, its folder, how it stands today, and why it cannot stand for its page."""

    ref: PageRef
    folder: Path
    record: RunRecord | None
    state: State = State("fresh")
    wrong: str = ""


def export_runs(out: Path, profile: Profile, study: str = "") -> str:
    """Pack the fresh runs of a profile and say what was left out; where none is fresh, nothing is written."""
    status = Status()
    refs = pages(profile, study)
    left_out = [f"  left out:{line[1:]}" for line in status.not_fresh(refs)]
    packed = [Found(r, r.folder, status.record(r)) for r in refs if status.state(r).word == "fresh"]
    if not packed:
        said = "\n".join([f"There is no fresh run of {profile} to pack.", *left_out])
        raise RunError(said, ExitCode.STALE)
    with written_whole(out) as part:
        n_files = pack(packed, part)
    said = f"{len(packed)} runs, {n_files} files, {out.stat().st_size:,} bytes packed: {out}"
    return "\n".join([said, *left_out])


def import_runs(file: Path) -> str:
    """Check an archive whole, then put its runs in place; one that does not fit keeps all of them out."""
    paths.runs().mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=paths.runs(), prefix=".import.") as folder, ExitStack() as stack:
        found = _found_in(file, Path(folder), Status())
        why = {one.ref.name: one.wrong or f"differs in: {', '.join(one.state.moved)}" for one in found}
        lines = [f"  {one.ref.name}  {why[one.ref.name]}" for one in found if one.wrong or one.state.moved]
        said = [f"{file} is refused, nothing was taken from it:", *lines]
        said.append("Check out the commit it was made with, or make the run anew.")
        if any(" data " in line for line in lines):
            said.append("A file that was pinned on first use brings its pin along in data/datasets.lock.")
        if lines:
            raise RunError("\n".join(said), ExitCode.STALE)
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


def record_runs(profile: Profile, study: str = "") -> str:
    """Pack the fresh runs of each study into the file that the repository holds; any other run stops it.

    A page that has not run here keeps the run that was recorded before, or is left out and named.
    """
    status, lines = Status(), []
    records = [one for one in ([find(study)] if study else every()) if pages(profile, one.key)]
    states = status.states(ref for one in records for ref in pages(profile, one.key))
    known = ("fresh", "never run")
    wrong = [f"  {name}  {state}" for name, state in states.items() if state.word not in known]
    if wrong or all(state.word != "fresh" for state in states.values()):
        said = "\n".join([f"Only fresh runs of {profile} are recorded:", *(wrong or ["  no page has run"])])
        raise RunError(f"{said}\nRun:  reread build --profile {profile} --no-site", ExitCode.STALE)
    for one in records:
        with TemporaryDirectory() as folder:
            lines += _record_study(one, profile, status, Path(folder))
    return "\n".join(lines)


def _record_study(study: Study, profile: Profile, status: Status, folder: Path) -> list[str]:
    """Write the file of one study; a line for what it holds, and one for each page that it lacks."""
    refs = pages(profile, study.key)
    known = recorded_runs(study, profile, folder, status)
    found = {one.ref.name: one for one in known if one.state.word == "fresh"}
    found |= {r.name: Found(r, r.folder, status.record(r)) for r in refs if status.state(r).word == "fresh"}
    if not found:
        return []
    out = _path(study, profile)
    with written_whole(out) as part:
        pack([found[ref.name] for ref in refs if ref.name in found], part, is_left_out)
        if (size := part.stat().st_size) > LARGEST:
            raise DataError(f"{out} would have {size:,} bytes, but {LARGEST:,} are the most.")
    lacking = [f"  left out: {ref.name}  never run" for ref in refs if ref.name not in found]
    return [f"{study.key}: {len(found)} runs, {size:,} bytes recorded: {out}", *lacking]


def recorded_runs(study: Study, profile: Profile, into: Path, status: Status) -> list[Found]:
    """The recorded runs of a study, unpacked into an empty folder; none where nothing was recorded."""
    file = _path(study, profile)
    if not file.is_file():
        return []
    found = _found_in(file, into, status, is_recorded=True)
    for ref in (one.ref for one in found if (one.ref.study.key, one.ref.profile) != (study.key, profile)):
        _refuse(file, f"runs/{ref.profile}/{ref.name} is no run of {study.key} in {profile}")
    for one in found:
        if one.wrong:
            _refuse(file, f"{one.ref.name} {one.wrong}")
    order = [ref.name for ref in pages(profile, study.key)]
    return sorted(found, key=lambda one: order.index(one.ref.name))


def adopt_recorded(status: Status, into: Path) -> None:
    """Let recorded runs, unpacked into an empty folder, stand for the pages that have no fresh run here."""
    for one in [one for s in every() for p in PROFILES for one in recorded_runs(s, p, into, status)]:
        if status.state(one.ref).word != "fresh":
            status.adopt(one.ref, one.folder, one.state, one.record)
    status.remember()


def is_left_out(name: str) -> bool:
    """Whether a file of a run is not recorded: pictures in pixels and artifacts."""
    return not (name.startswith(("figures/", "tables/")) or name in FILES) or name.endswith(".png")


def outdated_rows(status: Status, study: str = "") -> list[dict[str, Any]]:
    """Each recorded run that today's page differs from, with what moved; of a refused file what is wrong."""
    rows: list[dict[str, Any]] = []
    for one in [find(study)] if study else every():
        for profile in PROFILES:
            try:
                with TemporaryDirectory() as folder:
                    runs = recorded_runs(one, profile, Path(folder), status)
            except (DataError, ParameterError) as error:
                rows.append({"wrong": str(error)})
            else:
                differ = ((run.ref.name, run.state.moved) for run in runs if run.state.moved)
                rows += [{"page": name, "profile": profile, "moved": moved} for name, moved in differ]
    status.remember()
    return rows


def outdated(status: Status, study: str = "") -> list[str]:
    """The same, a line each."""
    return [
        row.get("wrong") or f"{row['page']} ({row['profile']})  {', '.join(row['moved'])}"
        for row in outdated_rows(status, study)
    ]


def _path(study: Study, profile: Profile) -> Path:
    return paths.root() / "chapters" / study.key / "recorded" / f"{profile}.zip"


def pack(runs: list[Found], out: Path, may_lack: Callable[[str], bool] = lambda name: False) -> int:
    """Write runs into a zip file without times and owners of this machine; the number of files."""
    files = {
        f"runs/{run.ref.profile}/{run.ref.name}/{name}": run.folder / name
        for run in runs
        for name in (*run.record.files, NAME)
        if not may_lack(name)
    }
    return write_zip(out, files)


def write_zip(out: Path, members: Mapping[str, Path | str]) -> int:
    """Write files and texts by their names, equal content as equal bytes; how many they are."""
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in sorted(members.items()):
            member = zipfile.ZipInfo(name, _SOME_TIME)
            mode = 0o755 if name.endswith(".sh") else 0o644
            member.create_system, member.external_attr = 3, (stat.S_IFREG | mode) << 16
            member.compress_type = zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
            if isinstance(content, str):
                archive.writestr(member, content)
                continue
            member.file_size = content.stat().st_size
            with content.open("rb") as source, archive.open(member, "w") as target:
                shutil.copyfileobj(source, target, _PIECE)
    return len(members)


def _unpack(file: Path, into: Path, most: int) -> list[str]:
    """Unpack a zip file of at most so many bytes of runs into an empty folder; the folders of the runs."""
    if not file.is_file():
        raise DataError(f"There is no archive {file}.\nMake one with:  reread runs export")
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _refuse_other_count(file, len(members))
            runs = _checked_members(file, members, most)
            archive.extractall(into)
        return runs
    except _BROKEN as error:
        _refuse(file, f"it is no zip file, or damaged ({error})")
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        _refuse(file, f"two of its members are in each other's way ({error})")
    except OSError as error:
        raise DataError(f"{file} cannot be unpacked: {error}.\nNothing was taken from it.") from None


def _refuse_other_count(file: Path, n_read: int) -> None:
    """Refuse a list of files of which a damaged length hides a part: zipfile does not compare the count."""
    with file.open("rb") as content:
        content.seek(-12, 2)
        if (n_said := int.from_bytes(content.read(2), "little")) != n_read:
            _refuse(file, f"it says that it holds {n_said:,} files, but {n_read:,} can be read")


def _checked_members(file: Path, members: list[zipfile.ZipInfo], most: int) -> list[str]:
    """The folders of the runs; refuses what is no plain file of a run, and more than there is room for."""
    counts = Counter(member.filename for member in members)
    if not 0 < len(members) <= _MANY_FILES:
        _refuse(file, f"it holds {len(members):,} files, but one to {_MANY_FILES:,} are wanted")
    for member in members:
        found = _RUN.fullmatch(member.orig_filename)
        kind, slash, _ = (below := found[3] if found else "").partition("/")
        if not (PATH.fullmatch(below) and (below in FILES or (slash and kind in FOLDERS))):
            _refuse(file, f"{member.orig_filename!r} is no place for a file of a run")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
            _refuse(file, f"{member.filename!r} is not a plain file")
        if counts[member.filename] > 1:
            _refuse(file, f"{member.filename!r} is there twice")
    if (size := sum(member.file_size for member in members)) > most:
        _refuse(file, f"it would take {size:,} bytes, but {most:,} are the most")
    runs = list(dict.fromkeys(_RUN.fullmatch(name)[1] for name in counts))
    for run, name in product(runs, FILES):
        if f"{run}/{name}" not in counts:
            _refuse(file, f"the run {run} has no {name}")
    return runs


def _found_in(file: Path, into: Path, status: Status, *, is_recorded: bool = False) -> list[Found]:
    """Every run of a file, unpacked and compared with itself and with what would be run here today."""
    found = []
    for run in _unpack(file, into, LARGEST_CONTENT if is_recorded else shutil.disk_usage(into).free):
        profile, name = run.split("/", 2)[1:]
        ref = next((ref for ref in pages(profile, name.partition("/")[0]) if ref.name == name), None)
        if ref is None:
            raise ParameterError(f"{file} holds {name}, which is no page of {profile} here.")
        state, record = status.judge(ref, into / run, is_left_out if is_recorded else lambda name: False)
        wrong = f"{'was' if state.word == 'altered' else 'is'} {state}"
        wrong = next(_alien_outputs(into / run / NOTEBOOK), "") if record else wrong
        found.append(Found(ref, into / run, record, state, wrong))
    return found


def _refuse(file: Path, why: str) -> NoReturn:
    """Refuse an archive, with the reason."""
    raise DataError(f"{file} is refused: {why}.\nNothing was taken from it. Make it anew.")


def _alien_outputs(notebook: Path) -> Iterator[str]:
    """Name each output of a notebook that no page of this library would have left."""
    from reread.book.running.process import GLUED, SCRAP
    from reread.core.show import PREFIX  # it loads numpy, which `reread status` does without

    for number, cell in enumerate(read_json(notebook)["cells"], 1):
        where = f"shows what no page shows, in cell {number} of {notebook.name}"
        for output in cell.get("outputs", ()):
            if (kind := output.get("output_type")) not in _KINDS:
                yield f"{where}: an output of type {kind!r:.60}"
            for mime, content in output.get("data", {}).items():
                if mime not in (*_MIMES, f"{PREFIX}text/plain", f"{GLUED}text/plain", SCRAP):
                    yield f"{where}: content of type {mime!r:.60}"
                elif mime == "text/markdown":
                    yield from (f"{where}: {what}" for what in _alien_text("".join(content)))


def _alien_text(text: str) -> Iterator[str]:
    for kind, argument in _DIRECTIVE.findall(text):
        if kind not in _BOXES or (kind == "figure" and not _OWN_FILE.fullmatch(argument)):
            yield f"the box {kind!r:.60} {argument!r:.60}"
    for name, _, target in _ROLE.findall(text):
        if name == "download" and not _OWN_FILE.fullmatch(target):
            yield f"a link to {target!r:.60}"
        elif name not in ("download", "numref", "math"):
            yield f"the role {name!r:.60}"
    for found in _MARKUP.findall(_LINK.sub("", text)):
        yield f"markup {found!r}"
