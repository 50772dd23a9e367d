"""Recorded runs: finished runs of a profile that travel with the repository, ``recorded/<profile>.zip``.

They lack pictures in pixels and artifacts, and are checked as an import is.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from reread.book.status.staleness import Status
from reread.book.transfer.archive import FILES, Found, found_in, pack, refuse
from reread.core import paths
from reread.core.errors import DataError, ExitCode, ParameterError, RunError
from reread.core.files import written_whole
from reread.pages import pages
from reread.studies import PROFILES, Profile, Study, every, find

LARGEST = 2_000_000  # bytes of one file of a study
LARGEST_CONTENT = 64_000_000  # bytes that it may unpack to


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
    found = {one.ref.name: one for one in recorded_runs(study, profile, folder, status) if not one.moved}
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
    found = found_in(file, into, status, most=LARGEST_CONTENT, may_lack=is_left_out)
    for ref in (one.ref for one in found if (one.ref.study.key, one.ref.profile) != (study.key, profile)):
        refuse(file, f"runs/{ref.profile}/{ref.name} is no run of {study.key} in {profile}")
    for one in found:
        if one.wrong:
            refuse(file, f"{one.ref.name} {one.wrong}")
    order = [ref.name for ref in pages(profile, study.key)]
    return sorted(found, key=lambda one: order.index(one.ref.name))


def adopt_recorded(status: Status, into: Path) -> dict[tuple[Profile, str], Path]:
    """Let recorded runs stand for the pages that have no fresh run here; the folder of each by its page."""
    known = [one for study in every() for p in PROFILES for one in recorded_runs(study, p, into, status)]
    taken = [one for one in known if status.state(one.ref).word != "fresh"]
    for one in taken:
        status.adopt(one.ref, one.record, one.moved)
    return {(one.ref.profile, one.ref.name): one.folder for one in taken}


def is_left_out(name: str) -> bool:
    """Whether a file of a run is not recorded: pictures in pixels and artifacts."""
    return not (name.startswith(("figures/", "tables/")) or name in FILES) or name.endswith(".png")


def outdated(status: Status, study: str = "") -> list[str]:
    """A line for each recorded run that today's page differs from, with what moved, and each refused file."""
    lines = []
    for one in [find(study)] if study else every():
        for profile in PROFILES:
            try:
                with TemporaryDirectory() as folder:
                    runs = recorded_runs(one, profile, Path(folder), status)
            except (DataError, ParameterError) as error:
                lines.append(str(error))
            else:
                lines += [f"{run.ref.name} ({profile})  {', '.join(run.moved)}" for run in runs if run.moved]
    return lines


def _path(study: Study, profile: Profile) -> Path:
    return paths.root() / "chapters" / study.key / "recorded" / f"{profile}.zip"
