"""Kill a build at a random moment, by every signal and at every process: nothing runs on, nothing is lost."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from reread.book.running import job
from reread.book.status.staleness import Status
from reread.pages import pages

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]
WORDS = {
    "build": "build --no-site",
    "server": "reread.book.running.server",
    "snakemake": "reread.book.running.stopping",
    "job": "client.py",
}
LISTED = (0, 7, 8, 9, -signal.SIGKILL)
FORBIDDEN = (
    "orphans",
    "exit 0 with pages missing",
    "pages that are neither whole nor absent",
    "stale locks",
    "unlisted exit codes",
)
N_FULL = int(os.environ.get("REREAD_KILLS", "48"))


def of_this_build(root: Path, build: int) -> list[psutil.Process]:
    """Processes that belong to a build: by their environment, which those that are forked share."""
    found = []
    for process in psutil.process_iter():
        try:
            is_ours = process.environ().get("REREAD_HOME") == str(root) and process.pid != os.getpid()
            if is_ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return [process for process in found if process.pid != build]


def victim(root: Path, build: subprocess.Popen, kind: str) -> int:
    """A process of the build: itself, the server, Snakemake, a job's client, or one that was forked."""
    if kind == "build":
        return build.pid
    for process in of_this_build(root, build.pid):
        try:
            words = " ".join(process.cmdline())
            is_forked = WORDS["server"] in words and process.ppid() != build.pid
            if is_forked if kind == "forked" else WORDS[kind] in words and not is_forked:
                return process.pid
        except psutil.Error:
            continue
    return build.pid


def running() -> int:
    """Pages whose job has started and has not ended."""
    results = [job.result("demo", ref.name) for ref in pages("demo")]
    return sum(result is not None and result.exit_code is None for result in results)


def wait_for_pages(build: subprocess.Popen) -> None:
    """Wait until a page runs, or the build has ended."""
    while not running() and build.poll() is None:
        time.sleep(0.02)


def kill_once(root: Path, draw: random.Random) -> dict[str, int]:
    """Start a build, kill a process of it, and count what must not be; then the build must go through."""
    for ref in pages("demo"):
        job.result_file(ref.profile, ref.name).unlink(missing_ok=True)
    command = [sys.executable, "-m", "reread", "build", "--no-site"]
    log = (root / "build.log").open("a")
    build = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    if draw.random() < 0.75:
        wait_for_pages(build)
    else:
        time.sleep(0.5)  # while Python itself starts, a signal ends it as it ends any program
    time.sleep(draw.uniform(0, 2))
    n_running, has_ended = running(), build.poll() is not None
    kind, number = draw.choice(["build", "server", "snakemake", "job", "forked"]), draw.choice(SIGNALS)
    try:
        os.kill(victim(root, build, kind), number)
    except ProcessLookupError:
        kind = "nobody"
    code = build.wait(timeout=120)
    until = time.monotonic() + 15
    while (left := of_this_build(root, build.pid)) and time.monotonic() < until:
        time.sleep(0.2)
    words = {state.word for state in Status().states(pages("demo")).values()}
    found = {
        "orphans": len(left),
        "exit 0 with pages missing": int(code == 0 and words != {"fresh"}),
        "pages that are neither whole nor absent": int(not words <= {"fresh", "never run", "interrupted"}),
        "stale locks": int(code == 4),
        "unlisted exit codes": int(code not in LISTED),
    }
    counted = {"kills": 1, "kills while pages ran": int(n_running > 0), "after the end": int(has_ended)}
    print(n_running, "running", kind, signal.Signals(number).name, "exit", code, words, len(left), flush=True)
    return found | counted


@pytest.mark.slow
@pytest.mark.parametrize("n_kills", [4, pytest.param(N_FULL, marks=pytest.mark.skipif(
    "REREAD_KILLS" not in os.environ, reason="set REREAD_KILLS=48: a quarter of an hour"))])  # fmt: skip
def test_a_killed_build_leaves_nothing_behind_and_the_next_one_goes_on(tiny, n_kills):
    draw, total = random.Random(0), Counter()
    for number in range(4 * n_kills):  # more where too many kills came between the short pages
        if number >= n_kills and total["kills while pages ran"] >= n_kills / 3:
            break
        if number % 3 or {state.word for state in Status().states(pages("demo")).values()} == {"fresh"}:
            for ref in pages("demo"):
                shutil.rmtree(ref.folder, ignore_errors=True)
        total.update(kill_once(tiny, draw))
    command = [sys.executable, "-m", "reread", "build", "--no-site"]
    last = subprocess.run(command, capture_output=True, text=True, check=False)

    assert last.returncode == 0, last.stdout + last.stderr
    assert {state.word for state in Status().states(pages("demo")).values()} == {"fresh"}
    print(dict(total))
    assert total["kills while pages ran"] >= n_kills / 3
    assert {name: total[name] for name in FORBIDDEN if total[name]} == {}
