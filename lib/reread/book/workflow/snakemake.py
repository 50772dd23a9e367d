"""Run Snakemake on some pages: alone in the checkout, quietly, and to an end that leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import reread
from reread.book.running import job, stopping, warm
from reread.book.running.atomic_folder import locked
from reread.core import paths as places
from reread.core.errors import ExitCode, ParameterError, RunError
from reread.pages import PageRef

POLL_S = 0.2
PATIENCE_S = 15.0
TAIL = 4


def alone() -> AbstractContextManager[None]:
    """Hold the build lock of this checkout."""
    return locked("build", "Another build is at work in this checkout")


def command(due: list[PageRef], cores: int, threads: int, profile: str) -> list[str]:
    """The command line that runs ``due``."""
    tops = (places.root(), Path(reread.__file__).resolve().parents[2])  # this checkout, else the package's
    folder = next((top / "workflow" for top in tops if (top / "workflow/Snakefile").is_file()), None)
    if folder is None:
        said = f"There is no workflow/Snakefile in {places.root()}.\nRun from a checkout."
        raise RunError(said, ExitCode.ENVIRONMENT)
    settings = Path(profile).resolve() if profile else folder / "profiles/local"
    if not (settings / "config.yaml").is_file():
        raise ParameterError(f"{settings} is no workflow profile: it holds no config.yaml.")
    wanted = " ".join(f"done/{ref.profile}/{ref.name}" for ref in due)
    return [
        *stopping.tied_command("snakemake", "--snakefile", str(folder / "Snakefile")),
        *("--directory", str(places.state()), "--workflow-profile", str(settings)),
        *("--keep-going", *([] if profile else ["--cores", str(cores)])),
        *("--config", f"threads={threads}", f"due={wanted}"),
    ]


def run(command: list[str], due: list[PageRef], server: str, say: Callable[[str], None]) -> None:
    """Run Snakemake to its end and say which page starts and ends; ``server`` is where its jobs fork from."""
    log = log_folder() / "snakemake.log"
    # absolute, because jobs run in a folder of their own
    env = os.environ | places.surroundings() | {warm.VARIABLE: server}
    with log.open("w") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, env=env, start_new_session=True)
        try:
            _watch(process, due, say)
        except KeyboardInterrupt:
            _stop(process)
            raise
    if process.returncode and not any(job.result(ref.profile, ref.name) for ref in due):
        is_killed = process.returncode < 0 or (server and not warm.answers(server))
        code = ExitCode.KILLED if is_killed else ExitCode.ENVIRONMENT
        raise RunError(f"Snakemake failed before any page ran; see {log}\n{_tail(log)}", code)


def log_folder() -> Path:
    """Folder of the logs of builds."""
    folder = places.state() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _watch(process: subprocess.Popen, due: list[PageRef], say: Callable[[str], None]) -> None:
    """Say a line for each page that starts and for each that ends, until Snakemake has ended."""
    started, ended, is_over = set(), set(), False
    while not is_over:
        # asked before the last look, so that what happens in between is still seen
        is_over = process.poll() is not None
        for ref in (ref for ref in due if ref.name not in ended):
            result, log = job.result(ref.profile, ref.name), log_file(ref)
            if result and ref.name not in started:
                started.add(ref.name)
                say(f"start    {ref.name}")
            if result and result.exit_code is not None:
                ended.add(ref.name)
                say(f"{'failed' if result.exit_code else 'ran':<8} {ref.name}  {result.seconds:.1f} s")
                if result.exit_code:
                    say(f"  log: {log}\n  " + (result.error or _tail(log)).replace("\n", "\n  "))
        if not is_over:
            time.sleep(POLL_S)


def log_file(ref: PageRef) -> Path:
    """What the job of a page printed."""
    return log_folder() / ref.profile / f"{ref.name}.log"


def _tail(log: Path) -> str:
    """The last lines of a log that say something."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else "(no log)"
    return "\n".join([line for line in text.splitlines() if line.strip()][-TAIL:])


def _stop(process: subprocess.Popen) -> None:
    """Ask Snakemake and its jobs to end, ever less politely; a job clears up after Snakemake has gone."""
    import psutil

    with suppress(psutil.NoSuchProcess):
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for ask in ("terminate", "kill"):
            for one in family:
                with suppress(psutil.NoSuchProcess):
                    getattr(one, ask)()
            family = psutil.wait_procs(family, PATIENCE_S)[1]
    process.wait()
