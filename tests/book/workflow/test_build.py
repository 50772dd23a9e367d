"""The graph with a runner that needs no kernel, so that only the graph is on trial; one build is real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import psutil
import pytest
import yaml
from reread.book import workflow as graph
from reread.book.running import job, server, warm
from reread.book.running import page_run as run
from reread.book.status import staleness as stale
from reread.core.errors import ParameterError, RunError
from reread.core.files import read_json, write_json, write_text
from reread.pages import pages
from reread.studies import Resources

# stands in for reread.book.run in every process that a build starts
RUNNER = """
import sys, types
def run_page(ref, *, overrides, timeout_s, threads, say):
    import json, time
    from reread.book.status import staleness as stale
    from reread.book.status.run_record import RunRecord
    from reread.core.errors import RunError
    from reread.core.files import write_text
    assert all((up.folder / "record.json").is_file() for up in ref.upstream), "upstream first"
    say(f"running with {threads} threads")
    started = time.time()
    cell = json.loads(ref.notebook.read_text())["cells"][0]
    exec(cell["source"], {"RunError": RunError, "time": time})
    now = stale.Status().fields(ref)
    executed = {"cells": [cell | {"execution_count": 1, "outputs": []}]}
    write_text(ref.folder / "notebook.ipynb", json.dumps(executed))
    write_text(ref.folder / "parameters.yml", "{}")
    made = {"started": "", "wall_s": 0, "reread": "", "python": "", "platform": "", "packages": {}}
    RunRecord.seal(ref.folder, {
        "schema": 1, "study": ref.study.key, "chapter": ref.chapter.key, "page": ref.page,
        "profile": ref.profile, "scope": ref.scope(), "parameters": ref.parameters,
        "values": {"started": started, "ended": time.time()}, "figures": [], "tables": [], "artifacts": [],
        "data": [], "device": "cpu", "cost": {}, "stale": {"key": stale.key(now), "fields": now},
        "made": made | {"commit": "", "is_dirty": False},
    })
    return ref.folder
run = types.ModuleType("reread.book.running.page_run")
run.run_page = run_page
sys.modules["reread.book.running.page_run"] = run
"""
QUICK = "x = 1"


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """Two chapters (``a`` and ``b``), one that needs ``a`` with two pages, one that needs that."""
    needs = {"a": [], "b": [], "c": ["a"], "d": ["c"]}
    seed = {"type": "int", "help": "seed", "demo": 0, "real": 0, "paper": 0}
    chapters = [
        {"key": key, "title": key, "question": key, "needs": up, "parameters": {"seed": seed}}
        for key, up in needs.items()
    ]
    chapters[2]["pages"] = {"x": {"title": "x"}, "y": {"title": "y", "set": {"seed": 1}}}
    paper = {"title": "-", "authors": "-", "year": 2020, "journal": "-", "doi": "-"}
    study = {"key": "maize", "title": "-", "paper": paper, "sources": {}, "chapters": chapters}
    (tmp_path / "chapters/maize").mkdir(parents=True)
    (tmp_path / "chapters/maize/study.yml").write_text(yaml.safe_dump(study))
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / "path").mkdir()
    (tmp_path / "path/sitecustomize.py").write_text(RUNNER)
    monkeypatch.setenv("REREAD_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'path'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.delenv("REREAD_RUNS", raising=False)
    monkeypatch.setattr(warm, "started", lambda *_: nullcontext(""))  # a server has not heard of the stand-in
    for key in needs:
        chapter(tmp_path, key, QUICK)
    return tmp_path


def chapter(home: Path, key: str, code: str) -> None:
    cell = {"cell_type": "code", "metadata": {}, "source": code}
    (home / f"chapters/maize/{key}.ipynb").write_text(json.dumps({"cells": [cell]}))


def words(report: graph.Report) -> dict[str, str]:
    return {row.page.removeprefix("maize/"): row.word for row in report.rows}


def as_if_run() -> None:
    """Run every page here and now, without Snakemake."""
    scope: dict = {}
    exec(RUNNER.replace('sys.modules["reread.book.running.page_run"] = run', ""), scope)
    for ref in pages("demo"):
        scope["run_page"](ref, overrides={}, timeout_s=None, threads=1, say=lambda line: None)


@pytest.fixture
def no_snakemake(monkeypatch):
    def refuse(*args):
        raise AssertionError("Snakemake must not start")

    monkeypatch.setattr(graph, "run", refuse)


def test_everything_runs_once_upstream_first_and_side_by_side(home):
    for key in "ab":
        chapter(home, key, "time.sleep(1.5)")
    lines: list[str] = []

    report = graph.build("demo", "maize", cores=2, say=lines.append)

    assert words(report) == {"a": "ran", "b": "ran", "c.x": "ran", "c.y": "ran", "d": "ran"}
    assert report.exit_code == 0
    a, b = ([read(ref)[k] for k in ("started", "ended")] for ref in pages("demo")[:2])
    assert max(a[0], b[0]) < min(a[1], b[1]), "a and b need nothing of each other"
    assert sorted(line.split()[0] for line in lines) == ["ran"] * 5 + ["start"] * 5
    assert "running with 1 threads" in (home / ".reread/logs/demo/maize/c.x.log").read_text()
    assert graph.prepare(pages("demo")) == []


def read(ref) -> dict:
    return read_json(ref.folder / "record.json")["values"]


def test_a_failed_page_loses_no_other_and_skips_what_needs_it(home):
    chapter(home, "c", "raise RunError('cell 3: no such plant', exit_code=6)")
    lines: list[str] = []

    report = graph.build("demo", "maize", cores=2, say=lines.append)

    assert words(report) == {"a": "ran", "b": "ran", "c.x": "failed", "c.y": "failed", "d": "skipped"}
    assert report.exit_code == 6
    assert "needs maize/c.x, maize/c.y" in report.text()
    assert any("c.x.log" in line and "no such plant" in line for line in lines)

    chapter(home, "c", QUICK)

    assert due() == ["c.x", "c.y", "d"]


def test_a_killed_job_is_a_failure_with_its_own_code(home):
    chapter(home, "a", "import os; os.kill(os.getpid(), 9)")
    chapter(home, "b", "raise ValueError('a fault of ours')")

    report = graph.build("demo", "maize", cores=2, say=lambda line: None)

    assert [row.exit_code for row in report.rows] == [7, 1, 0, 0, 0]
    assert words(report)["d"] == "skipped"
    assert "Traceback" in (home / ".reread/logs/demo/maize/b.log").read_text()


def test_nothing_starts_when_everything_is_fresh(home, no_snakemake):
    as_if_run()

    report = graph.build("demo", "maize")

    assert set(words(report).values()) == {"fresh"}
    assert report.text().endswith("0 ran, 5 fresh, 0 failed, 0 skipped")


SLOW = {"snakemake", "jupyter_book", "sphinx", "numpy", "pandas", "matplotlib", "papermill", "nbformat"}


@pytest.mark.parametrize("command", [["build", "--no-site"], ["status"], ["list"], ["claims"]])
def test_a_command_with_nothing_to_run_imports_nothing_slow(home, command):
    as_if_run()
    code = (
        f"import sys; sys.argv = {['reread', *command]!r}\nfrom reread import cli\n"
        f"cli.app(standalone_mode=False)\nsys.exit(' '.join({SLOW!r} & set(sys.modules)) or 0)"
    )

    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)

    assert (done.returncode, done.stderr.strip()) == (0, "")


def due() -> list[str]:
    return [ref.name.removeprefix("maize/") for ref in graph.prepare(pages("demo"))]


def test_only_what_is_stale_is_due(home):
    as_if_run()
    assert due() == []

    chapter(home, "c", "x = 2")

    assert due() == ["c.x", "c.y", "d"]


def test_a_deleted_run_is_due_though_its_marker_is_there(home):
    as_if_run()
    assert due() == []
    write_text(job.marker("demo", "maize/b"), "")
    (pages("demo")[1].folder / "record.json").unlink()

    assert due() == ["b"]
    assert not job.marker("demo", "maize/b").exists()


def test_no_clock_is_trusted(home):
    """Markers of the future, markers that were lost, and ``a`` run again to the same key."""
    as_if_run()
    for ref in pages("demo")[2:]:
        os.utime(write_text(job.marker("demo", ref.name), ""), (2**31, 2**31))
    (pages("demo")[0].folder / "record.json").unlink()
    chapter(home, "d", "x = 2")

    report = graph.build("demo", say=lambda line: None)

    assert words(report) == {"a": "ran", "b": "fresh", "c.x": "fresh", "c.y": "fresh", "d": "ran"}


def test_two_builds_do_not_run_at_once(home):
    with (
        graph.alone(),
        pytest.raises(
            RunError, match=rf"Another build is at work in this checkout \(process {os.getpid()}\)"
        ),
    ):
        graph.build("demo")


def test_a_page_edited_while_it_ran_is_said_to_be_stale_again(home, monkeypatch):
    as_if_run()
    chapter(home, "d", "x = 2")

    def edit_in_between(*args):
        chapter(home, "d", QUICK)
        as_if_run()
        write_json(job.result_file("demo", "maize/d"), {"pid": 1, "exit_code": 0, "seconds": 2.0})
        chapter(home, "d", "x = 3")

    monkeypatch.setattr(graph, "run", edit_in_between)

    assert "ran      maize/d       2.0 s  stale again, changed meanwhile: code" in graph.build("demo").text()


def test_a_wrong_workflow_profile_is_named(home):
    with pytest.raises(ParameterError, match=r"nowhere is no workflow profile"):
        graph.build("demo", workflow_profile="nowhere")


def test_a_failure_of_snakemake_itself_shows_its_last_lines(home, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/config.yaml").write_text("executor: nothing-of-the-kind\n")

    with pytest.raises(RunError, match=r"(?s)snakemake.log.*nothing-of-the-kind") as caught:
        graph.build("demo", workflow_profile=str(tmp_path / "broken"))

    assert caught.value.exit_code == 4


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_build_ends_all_it_started_and_keeps_what_is_done(home, kind):
    chapter(home, "b", "time.sleep(60)")
    code = (
        "from reread.book import workflow as graph\n"
        "from reread.book.running import warm\n"
        "from contextlib import nullcontext\n"
        "from reread.core.errors import RunError; import sys\n"
        "warm.started = lambda *_: nullcontext('')\n"
        "try: graph.build('demo')\n"
        "except RunError as error: print(error); sys.exit(error.exit_code)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    first = pages("demo")[0]
    wait_until(lambda: job.result("demo", "maize/b") and stale.Status().state(first).word == "fresh")

    process.send_signal(kind)
    said, _ = process.communicate(timeout=40)

    assert process.returncode == 8
    assert "Interrupted. Finished pages are kept" in said
    assert not is_alive(job.result("demo", "maize/b").pid)
    assert "a" not in due()
    assert "b" in due()


def test_real_kernels_leave_pages_that_are_fresh(tiny):
    report = graph.build("demo", "maize", cores=2, say=lambda line: None)

    assert [row.word for row in report.rows] == ["ran"] * 3, report.text()
    assert [str(state) for state in stale.Status().states(pages("demo")).values()] == ["fresh"] * 3
    assert job.marker("demo", "maize/01-cells").is_file()


def test_a_page_of_a_warm_build_equals_that_of_a_cold_run_byte_by_byte(tiny):
    graph.build("demo", "maize", cores=2, say=lambda line: None)
    warm_files = [
        (path, path.read_bytes()) for ref in pages("demo") for path in sorted(ref.folder.rglob("*.*"))
    ]

    for ref in pages("demo"):
        run.run_page(ref, say=lambda line: None)

    differing = [str(path) for path, text in warm_files if path.read_bytes() != text]
    assert {Path(name).name for name in differing} == {"record.json"}, "times alone differ"
    assert len(warm_files) > len(differing) == 3


@pytest.mark.parametrize("is_dead", [False, True])
def test_a_kernel_is_forked_from_the_server_and_started_afresh_where_that_has_gone(
    tiny, chapter_of, monkeypatch, is_dead
):
    words = 'open("/proc/self/cmdline").read().split("\\0")'
    chapter_of("01-cells", [f'page.measure("forked", float("{server.__name__}" in {words}))'])
    run_as_is = graph.run

    def run_without(command, due, address, say):
        if is_dead:
            for process in psutil.Process().children():
                process.kill()
                process.wait()
        run_as_is(command, due, address, say)

    monkeypatch.setattr(graph, "run", run_without)

    graph.build("demo", "maize", cores=2, say=lambda line: None)

    assert read(pages("demo")[0]) == {"forked": float(not is_dead)}


def test_a_build_is_not_well_when_snakemake_ended_before_every_page_ran(home, monkeypatch):
    write_json(job.result_file("demo", "maize/b"), {"pid": 1, "exit_code": 0, "seconds": 2.0})
    monkeypatch.setattr(graph, "run", lambda *_: None)

    report = graph.build("demo")

    assert report.exit_code == 7
    assert set(words(report).values()) == {"skipped"}


def wait_until(is_true) -> None:
    for _ in range(300):
        if is_true():
            return
        time.sleep(0.1)
    raise AssertionError("waited 30 s in vain")


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_job_asks_for_what_its_chapter_records_and_for_more_memory_when_it_is_tried_again():
    classifier = ("paper", "depression/02-classifier.gse144136")

    assert graph.resources(*classifier) == Resources(memory_gb=32, minutes=720, gpus=1)
    assert graph.resources(*classifier, attempt=2).memory_gb == 64
    assert graph.resources("demo", "networks/06-network") == Resources(memory_gb=4, minutes=60, gpus=0)


def test_snakemake_plans_the_job_of_a_page_with_its_resources(home):
    """Asked of Snakemake itself, without running a page."""
    study = home / "chapters/maize/study.yml"
    record = yaml.safe_load(study.read_text())
    record["chapters"][0]["resources"] = {"demo": {"memory_gb": 7, "minutes": 90, "gpus": 1}}
    study.write_text(yaml.safe_dump(record, sort_keys=False))
    due = graph.prepare(pages("demo"))

    planned = subprocess.run(
        [*graph.command(due, 1, 1, ""), "--dry-run", "--printshellcmds"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    jobs = [line.split(":", 1)[1] for line in planned.splitlines() if line.strip().startswith("resources:")]
    assert len(jobs) >= len(due)
    assert sum("mem_mb=7000" in job and "runtime=90" in job and "gpu=1" in job for job in jobs) == 1


def test_a_build_says_how_many_pages_have_ended_and_how_long_the_rest_takes(home, monkeypatch):
    usual = {"maize/a": 60.0, "maize/b": None, "maize/c.x": 20.0}
    monkeypatch.setattr(graph.progress, "usual_s", lambda ref: usual[ref.name])
    now = [1000.0]
    monkeypatch.setattr(graph.time, "monotonic", lambda: now[0])

    pace = graph.Pace(pages("demo")[:3], cores=2)
    assert str(pace) == "0 of 3 pages, about 1 min 0 s left", "(60 + 40 + 20) / 2"

    pace.started["maize/a"] = now[0]
    write_text(graph._log_file(pace.due[0]), "  cell 1/2\n    30 s in this cell: epoch 3 of 9\n")
    now[0] += 30
    assert pace.so_far() == "0 of 3 pages, about 45 s left; maize/a: 30 s in this cell: epoch 3 of 9"

    pace.ended |= {"maize/a": 31.0, "maize/c.x": 9.0}
    assert pace.so_far() == "2 of 3 pages, about 40 s left"


def test_where_nobody_knows_how_many_pages_run_at_once_no_time_is_said(home, monkeypatch):
    monkeypatch.setattr(graph.progress, "usual_s", lambda ref: 60.0)

    assert str(graph.Pace(pages("demo"), cores=0)) == "0 of 5 pages"


def test_each_line_of_a_page_that_ended_says_how_far_the_build_is(home):
    lines: list[str] = []

    graph.build("demo", "maize", cores=2, say=lines.append)

    ended = [line for line in lines if line.startswith("ran ")]
    assert [line.partition("(")[2].partition(" pages")[0] for line in ended] == [
        f"{n} of 5" for n in range(1, 6)
    ]
