"""Kill a build at a random moment, by every signal and at every process: nothing runs on, nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
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


def kill_once(root: Path, draw: random.Random) -> dict[str, int]:
    """Start a build, kill a process of it, and count what must not be; then the build must go through."""
    command = [sys.executable, "-m", "reread", "build", "--no-site"]
    log = (root / "build.log").open("a")
    build = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    time.sleep(draw.uniform(0.2, 8))
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
        "unlisted exit codes": int(code not in LISTED),
    }
    print(kind, signal.Signals(number).name, "exit", code, words, [" ".join(p.cmdline())[-80:] for p in left])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("n_kills", [4, pytest.param(N_FULL, marks=pytest.mark.skipif(
    "REREAD_KILLS" not in os.environ, reason="set REREAD_KILLS=48: a quarter of an hour"))])  # fmt: skip
def test_a_killed_build_leaves_nothing_behind_and_the_next_one_goes_on(tiny, n_kills):
    draw, total = random.Random(0), Counter()
    for number in range(n_kills):
        if number % 3 == 0:
            for ref in pages("demo"):
                subprocess.run(["rm", "-rf", str(ref.folder)], check=True)
        total.update(kill_once(tiny, draw))
    command = [sys.executable, "-m", "reread", "build", "--no-site"]
    last = subprocess.run(command, capture_output=True, text=True, check=False)

    assert last.returncode == 0, last.stdout + last.stderr
    assert {state.word for state in Status().states(pages("demo")).values()} == {"fresh"}
    assert {name: n for name, n in total.items() if n} == {}
