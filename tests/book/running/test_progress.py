"""How far a page is: from the bars of its loops to a line, and nothing of it in what is stored."""

from __future__ import annotations

import json
import sys

import pytest
from reread.book.running import progress
from reread.book.running.page_run import run_page
from reread.pages import page

LOOP = """import sys, time
from tqdm import tqdm
for epoch in range(1, 3):
    print(f"epoch {epoch}/2  loss 0.5000", file=sys.stderr)
    time.sleep(0.6)
for one in tqdm(range(4), desc="targets", disable=None):
    time.sleep(0.8)
page.measure("cells", n)"""


@pytest.fixture
def clock(monkeypatch):
    """Time that passes when it is told to."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])

    def wait(seconds: float) -> None:
        now[0] += seconds

    return wait


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.7, "1 min 0 s"), (140, "2 min 20 s"), (3599.6, "1 h 0 min"), (3900, "1 h 5 min")],
)
def test_a_time_is_said_as_people_say_it(seconds, words):
    assert progress.duration(seconds) == words


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("targets:  35%|███▌      | 35/100 [00:10<00:20,  3.2gene/s]", "targets 35 of 100"),
        (" 35%|███▌      | 35/100 [00:10<00:20,  3.2it/s]", "35 of 100"),
        ("encoding a.loom: 12 blocks [00:03,  3.5 blocks/s]", "encoding a.loom 12 blocks"),
        ("12it [1:00:03,  3.5it/s]", "12 it"),
        ("epoch 3/30  loss 0.4123", "epoch 3 of 30"),
        ("epoch 30/30  loss 0.4123", "epoch 30 of 30"),
        ("3/30 of the genes", ""),
        ("Executing Cell 3---------------------------------------", ""),
        ("<Figure size 640x480 with 1 Axes>", ""),
        ("array([1, 2]) 5 genes [see 3]", ""),
    ],
)
def test_what_counts_is_heard_and_nothing_else(line, said):
    loop = progress.Loop()

    loop.hear(line)

    assert str(loop) == said


def test_the_time_left_is_by_the_pace_of_this_loop_and_a_new_loop_begins_anew(clock):
    loop = progress.Loop()
    for n in range(1, 5):
        loop.hear(f"epoch {n}/30  loss 0.1")
        clock(10)

    assert str(loop) == "epoch 4 of 30, about 4 min 10 s left"

    loop.hear("epoch 30/30  loss 0.1")
    assert str(loop) == "epoch 30 of 30", "what comes after the loop is not its time"
    loop.hear("epoch 1/30  loss 0.9")
    assert str(loop) == "epoch 1 of 30"


def test_away_from_a_terminal_a_line_comes_after_thirty_seconds_of_silence(clock):
    lines: list[str] = []
    cells = progress.Cells(["a", "b"], lines.append, 130.0)

    clock(30)
    for text in ("", "Executing Cell 1---\n", "", "epoch 1/9  loss 1\n", "Executing Cell 2---\n", ""):
        cells.hear(text)
        clock(20)

    assert lines == [
        "    30 s before the first cell; the page has about 1 min 40 s left",
        "  cell  1/2  a",
        "    40 s in this cell: epoch 1 of 9; the page has about 40 s left",
        "  cell  2/2  b",
    ]


def test_on_a_terminal_one_line_is_written_over_and_gone_at_the_end(clock, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    cells = progress.Cells(["a"], print, None)

    for text in ("Executing Cell 1---\n", "epoch 1/9  loss 1\n", "epoch 2/9  loss 1\n", ""):
        clock(2)
        cells.hear(text)
    cells.wipe()

    out = capsys.readouterr().out
    first, *over = out.split("\r\x1b[K")
    assert first == "  cell  1/1  a\n"
    assert over == [
        "    2 s in this cell: epoch 1 of 9",
        "    4 s in this cell: epoch 2 of 9, abo",
        "    6 s in this cell: epoch 2 of 9, abo",
        "",
    ]


def test_the_loops_of_a_page_reach_the_reader_and_nothing_of_them_is_stored(tiny, chapter_of, monkeypatch):
    monkeypatch.setattr(progress, "PLAIN_S", 0.2)
    chapter_of("01-cells", [LOOP])
    lines: list[str] = []

    folder = run_page(page("maize/01-cells"), say=lines.append)

    said = [line for line in lines if "in this cell" in line]
    assert any("epoch 2 of 2" in line for line in said)
    assert any("targets 0 of 4" in line for line in said)
    assert any("targets 3 of 4, about" in line for line in said)
    stored = (folder / "notebook.ipynb").read_text() + (folder / "record.json").read_text()
    outputs = [cell.get("outputs") for cell in json.loads((folder / "notebook.ipynb").read_text())["cells"]]
    assert not any(word in json.dumps(outputs) for word in ("targets", "epoch", "stderr"))
    assert "TQDM" not in stored


def test_the_usual_time_is_that_of_the_last_run_here_or_as_recorded(finished):
    ref = page("maize/01-cells")
    here = json.loads((ref.folder / "record.json").read_text())["made"]["wall_s"]

    assert progress.usual_s(ref) == here
    assert progress.usual_s(page("maize/01-cells", "real")) is None
