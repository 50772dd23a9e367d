from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import count

import psutil
import pytest
from reread.book.running import stopping


@pytest.mark.parametrize("number", stopping.SIGNALS)
def test_every_stopping_signal_comes_as_an_interrupt_and_the_next_one_is_not_heard(number):
    before = signal.getsignal(number)

    with stopping.stoppable():
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)

    assert signal.getsignal(number) is before


def test_who_ignores_a_closed_terminal_keeps_ignoring_it():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping.stoppable():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_process_that_is_not_seen_at_first_is_found_all_the_same(tmp_path, monkeypatch):
    everybody, n_looks = psutil.process_iter, count()
    monkeypatch.setattr(psutil, "process_iter", lambda: everybody() if next(n_looks) else [])
    born = subprocess.Popen(["sleep", "60"], env=os.environ | {"REREAD_RUN": str(tmp_path)})

    stopping.end_all_of(tmp_path)

    assert born.wait(timeout=10) == -signal.SIGKILL


@pytest.mark.parametrize("number", stopping.SIGNALS)
def test_a_command_that_is_stopped_while_it_imports_has_the_code_of_an_interrupt(tmp_path, number):
    (tmp_path / "typer.py").write_text("print('imported', flush=True)\nimport time\ntime.sleep(60)\n")
    command = subprocess.Popen(
        [sys.executable, "-m", "reread", "status"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
    )
    assert command.stdout.readline() == b"imported\n"

    command.send_signal(number)

    assert command.wait(timeout=10) == 8
