"""The runner on real kernels: what a whole run leaves, and every way in which a run can end early."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml
from reread.book.running import environment, process
from reread.book.running.page_run import run_page
from reread.book.site import page_sections
from reread.book.status import staleness as stale
from reread.book.status.run_record import RunRecord
from reread.core.errors import DataError, ParameterError, RereadError, RunError
from reread.core.files import sha256
from reread.pages import page, pages


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): sha256(path) for path in files}


def silent(line: str) -> None:
    pass


def leftovers(root: Path) -> list[str]:
    """Temporary folders, and processes that work in this checkout."""
    found = [str(path) for path in (root / "runs").rglob(".*.part")]
    for running in psutil.process_iter():
        try:
            if running.environ().get("REREAD_RUN", "").startswith(str(root)):
                found.append(" ".join(running.cmdline()))
        except (psutil.Error, OSError):
            continue
    return found


# what a whole run leaves


def test_a_finished_run_holds_exactly_what_it_should(finished):
    run = page("maize/01-cells").folder

    assert sorted(path.name for path in run.iterdir()) == [
        *("artifacts", "figures", "notebook.ipynb", "parameters.yml", "record.json", "tables")
    ]
    assert sorted(path.name for path in (run / "figures").iterdir()) == [
        "drawn.csv",
        "drawn.png",
        "drawn.svg",
    ]
    wanted = {"n": 5, "rate": 0.5, "is_wet": True, "seed": 0}
    assert yaml.safe_load((run / "parameters.yml").read_text()) == wanted
    assert leftovers(finished) == []


def test_the_record_holds_values_fields_and_provenance(finished):
    record = json.loads((page("maize/01-cells").folder / "record.json").read_text())

    assert record["values"]["cells"] == 5
    assert record["stale"]["key"] == stale.key(stale.Status().fields(page("maize/01-cells")))
    assert record["made"].keys() >= {"started", "wall_s", "python", "packages", "commit", "is_dirty"}
    assert record["figures"][0]["alt"].startswith("Line chart")
    assert record["artifacts"] == ["drawn.csv"]


def test_a_copied_checkout_is_as_fresh_as_the_one_it_was_copied_from(finished):
    assert {state.word for state in stale.Status().states(pages("demo")).values()} == {"fresh"}


def test_a_second_run_gives_equal_bytes_and_says_every_cell(finished):
    ref, lines = page("maize/01-cells"), []
    before = contents(ref.folder)

    run_page(ref, say=lines.append)

    after = contents(ref.folder)
    assert {name for name in before if before[name] != after.get(name)} == {"record.json"}
    assert before.keys() == after.keys()
    assert [line.split()[1] for line in lines] == [f"{number}/8" for number in range(1, 9)]
    assert "the parameters of this page" in lines[2]
    assert str(finished) not in (ref.folder / "notebook.ipynb").read_text()


def test_other_values_land_apart_and_leave_the_page_alone(finished):
    ref = page("maize/02-genes.short")
    before = contents(ref.folder)

    folder = run_page(ref, overrides={"source": "field", "ways": "sum"}, say=silent)

    assert folder.parent == finished / "runs/custom/maize"
    record = json.loads((folder / "record.json").read_text())
    assert record["values"] == {"sum": 15.0}
    assert record["scope"] == "subset"
    assert [one["key"] for one in record["data"]] == ["maize/plants"]
    assert contents(ref.folder) == before
    assert stale.Status().state(ref).word == "fresh"


def test_the_kernel_finds_seeds_and_caps_set_before_it_started(tiny, chapter_of):
    names = ["PYTHONHASHSEED", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "CUBLAS_WORKSPACE_CONFIG"]
    chapter_of("01-cells", [f"import os\npage.measure_all({{name: os.environ[name] for name in {names}}})"])

    folder = run_page(page("maize/01-cells"), threads=2, say=silent)

    values = json.loads((folder / "record.json").read_text())["values"]
    assert values == dict(zip(names, ["0", "2", "2", ":4096:8"], strict=True))


# what is refused before a kernel starts


@pytest.fixture
def no_kernel(monkeypatch):
    def refuse(*args, **options):
        raise AssertionError("no process may start")

    monkeypatch.setattr(subprocess, "Popen", refuse)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"sed": 3}, r"no parameter 'sed'. Did you mean 'seed'\?"),
        ({"n": "many"}, "n must be a whole number of at least 1 and at most 99 .cells., but came as 'many'"),
        ({"n": 100}, "n must be .* but came as 100"),
        ({"n": True}, "n must be .* but came as True"),
    ],
)
def test_a_wrong_parameter_is_refused_before_a_kernel_starts(tiny, no_kernel, overrides, said):
    with pytest.raises(ParameterError, match=said):
        run_page(page("maize/01-cells"), overrides=overrides)

    assert not (tiny / "runs").exists()


def test_a_missing_page_upstream_is_named_with_its_command(tiny, no_kernel):
    with pytest.raises(RunError, match="reread run maize/01-cells --profile demo") as caught:
        run_page(page("maize/02-genes.short"))

    assert caught.value.exit_code == 9
    assert not (tiny / "runs").exists()


def test_a_run_with_other_parameters_builds_on_a_run_with_the_same_and_needs_none_of_the_profile(tiny):
    other = page("maize/02-genes.short")
    with pytest.raises(RunError, match=r"needs a finished run of maize/01-cells"):
        run_page(other, overrides={"ways": "mean"}, say=silent)

    run_page(page("maize/01-cells"), overrides={"n": 6}, say=silent)
    folder = run_page(other, overrides={"ways": "mean"}, say=silent)

    drawn = next((tiny / "runs/custom/maize").glob("01-cells-*/artifacts/drawn.csv")).read_text().split()
    mean = json.loads((folder / "record.json").read_text())["values"]["mean"]
    assert mean == pytest.approx(sum(map(float, drawn)) / 6)
    assert not page("maize/01-cells").folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a kernel is no fork, and listens on ports")
def test_a_kernel_listens_on_no_port_that_another_page_may_take_first(tiny, chapter_of):
    chapter_of("01-cells", [
        "from ipykernel.kernelapp import IPKernelApp",
        "page.measure_all({'cells': float(IPKernelApp.instance().transport == 'tcp'), 'mean': 0.0})",
    ])  # fmt: skip

    folder = run_page(page("maize/01-cells"), say=silent)

    assert RunRecord.read(folder).values["cells"] == 0


def test_a_missing_notebook_is_named(tiny, no_kernel):
    page("maize/01-cells").notebook.unlink()

    with pytest.raises(ParameterError, match=r"There is no notebook .*01-cells.ipynb"):
        run_page(page("maize/01-cells"))


# a page made from an old run


def test_a_page_made_from_a_stale_run_stays_stale_when_that_run_is_made_anew(finished):
    """The record must name the run that was read, not the run that there would be today."""
    record, notes = finished / "chapters/maize/study.yml", []
    record.write_text(record.read_text().replace("demo: 0, real: 0", "demo: 1, real: 0"))
    run_page(page("maize/02-genes.long"), say=notes.append)
    run_page(page("maize/01-cells"), say=silent)

    assert notes[0].startswith("note: maize/01-cells is stale")
    assert stale.Status().state(page("maize/01-cells")).word == "fresh"
    assert stale.Status().state(page("maize/02-genes.long")).moved == ["upstream maize/01-cells"]


# how a run ends early: one kernel each, and never a trace in the book

FAILURES = {
    "environment": ("from reread.core.errors import need\nneed('no_such_package', 'maize')", 4),
    "notebook": ("1 / 0", 5),
    "killed": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", 7),
    "left early": ("import sys\nsys.exit(0)", 9),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failed_run_has_its_exit_code_and_leaves_the_last_good_one(finished, chapter_of_finished, kind):
    code, exit_code = FAILURES[kind]
    ref = page("maize/01-cells")
    before = contents(ref.folder)
    chapter_of_finished("01-cells", ['page.measure("one", 1)', code])

    with pytest.raises(RereadError) as caught:
        run_page(ref, say=silent)

    assert caught.value.exit_code == exit_code
    assert contents(ref.folder) == before
    assert (finished / "runs/failed/demo/maize/01-cells/notebook.ipynb").is_file()
    assert "runs/failed/demo/maize/01-cells/notebook.ipynb" in str(caught.value)
    assert leftovers(finished) == []


# the same without a kernel: what is made of what papermill left


@pytest.fixture
def left(tiny, monkeypatch):
    """Let papermill leave these files and end with this code: ``left(1, log="...")``."""

    def leave(code: int, **texts: str) -> None:
        def execute(ref, part, **options) -> int:
            for name, text in texts.items():
                (part / NAMES[name]).write_text(text)
            return code

        monkeypatch.setattr(process, "execute", execute)

    return leave


NAMES = {"notebook": "notebook.ipynb", "log": "log", "measured": "measured.json", "report": "kernel.json"}


def executed(*outputs: dict, count: int | None = 1) -> str:
    cell = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "source": "call()\nmore",
        "execution_count": count,
    }
    cells = [cell | {"outputs": list(outputs)}]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


MEANINGS = {
    "ParameterError": 2,
    "DataError": 3,
    "MissingExtra": 4,
    "KeyError": 5,
    "MemoryError": 7,
    "OutOfMemoryError": 7,
    "KeyboardInterrupt": 8,
    "RunError": 9,
    "SystemExit": 9,
}


@pytest.mark.parametrize(("error", "exit_code"), MEANINGS.items())
def test_the_error_of_a_cell_decides_the_exit_code_and_the_message_says_where_to_look(left, error, exit_code):
    left(1, notebook=executed({"output_type": "error", "ename": error, "evalue": "why", "traceback": []}))

    with pytest.raises(
        RunError, match=rf"01-cells failed in the cell `call\(\)`\n{error}: why\nSee "
    ) as caught:
        run_page(page("maize/01-cells"))

    assert caught.value.exit_code == exit_code
    assert stale.Status().state(page("maize/01-cells")).word == "failed"
    assert not page("maize/01-cells").folder.exists()


@pytest.mark.parametrize(
    "last", ["NoSuchKernel: No such kernel", "OSError: [Errno 28] No space left on device"]
)
def test_what_papermill_itself_cannot_do_is_a_fault_of_the_environment(left, last):
    left(1, log=f"Executing Cell 1----\nTraceback\n\x1b[31m{last}\x1b[0m\n\n")

    with pytest.raises(RunError, match=f"could not be executed: {re.escape(last)}") as caught:
        run_page(page("maize/01-cells"))

    assert caught.value.exit_code == 4
    assert "runs/failed/demo/maize/01-cells/log" in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"notebook": executed()}, r"hollow: its last cell must be page.close\(\)"),
        ({"notebook": executed(count=None), "measured": "{}"}, "hollow: a cell did not run"),
        ({"measured": "{}"}, "hollow: a cell did not run"),
    ],
)
def test_a_run_that_ended_well_without_a_result_is_hollow(left, texts, said):
    left(0, log="", **texts)

    with pytest.raises(RunError, match=said) as caught:
        run_page(page("maize/01-cells"))

    assert caught.value.exit_code == 9
    assert not page("maize/01-cells").folder.exists()


def test_a_file_that_no_source_lists_fails_the_page(left, monkeypatch):
    monkeypatch.setattr("reread.book.running.page_run._check_unchanged", lambda *_: None)
    used = '{"data": [{"key": "maize/plants", "sha256": "9f2c"}]}'
    left(0, log="", notebook=executed(), measured=used, report='{"read": {}}')

    with pytest.raises(DataError, match=r"read maize/plants, which its source does not list"):
        run_page(page("maize/01-cells"))


def test_a_file_that_differs_is_refused_before_a_kernel_starts(tiny, monkeypatch):
    (tiny / "data/maize/plants.csv").write_text("another")
    monkeypatch.setattr(process, "execute", None)

    with pytest.raises(DataError, match="maize/plants is not the file the book was written with"):
        run_page(page("maize/02-genes.short", "real"))


def test_a_mirror_named_from_here_is_found_by_a_kernel_elsewhere(tiny, monkeypatch, tmp_path):
    (tmp_path / "mirror").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REREAD_MIRROR", "mirror")

    there = environment.of_page(page("maize/01-cells"), tmp_path, "", 1)

    assert there["REREAD_MIRROR"] == str(tmp_path / "mirror")


def test_a_page_that_runs_too_long_is_stopped_with_all_it_started(tiny, chapter_of):
    chapter_of("01-cells", ['import subprocess\nsubprocess.run(["sleep", "600"])'])
    started = time.monotonic()

    with pytest.raises(RunError, match="ran longer than 4 s and was stopped") as caught:
        run_page(page("maize/01-cells"), timeout_s=4, say=silent)

    assert caught.value.exit_code == 6
    assert time.monotonic() - started < 60, "it must not wait for the sleeper"
    assert leftovers(tiny) == []
    assert stale.Status().state(page("maize/01-cells")).word == "interrupted"


SLEEPER = 'import os, time\nopen(os.environ["REREAD_HOME"] + "/awake", "w").close()\ntime.sleep(600)'


def start(*words: str) -> subprocess.Popen:
    """``reread run`` as a process of its own, once its kernel is in the middle of a cell."""
    command = [sys.executable, "-m", "reread", "run", *words]
    runner = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    awake = Path(os.environ["REREAD_HOME"]) / "awake"
    for _ in range(600):
        if awake.exists():
            return runner
        time.sleep(0.1)
    runner.kill()
    raise AssertionError(f"the kernel never came to its cell: {runner.communicate()[0]}")


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_leaves_no_process_and_nothing_half_written(tiny, chapter_of, kind):
    chapter_of("01-cells", [SLEEPER])
    runner = start("maize/01-cells")

    runner.send_signal(kind)
    said, _ = runner.communicate(timeout=60)

    assert runner.returncode == 8, said
    assert "was interrupted" in said
    assert leftovers(tiny) == []
    assert not page("maize/01-cells").folder.exists()
    assert stale.Status().state(page("maize/01-cells")).word == "interrupted"


def test_what_a_killed_runner_left_is_cleared_by_the_next_run(tiny, chapter_of):
    chapter_of("01-cells", [SLEEPER])
    runner = start("maize/01-cells")
    with pytest.raises(RunError, match="Another process is at work") as busy:
        run_page(page("maize/01-cells"), say=silent)

    runner.kill()
    runner.wait()
    assert any(left.endswith(".part") for left in leftovers(tiny)), (
        "its folder outlives a runner that is killed"
    )
    assert stale.Status().state(page("maize/01-cells")).word == "interrupted"
    chapter_of("01-cells", ['page.measure("one", 1)'])
    run_page(page("maize/01-cells"), say=silent)

    assert busy.value.exit_code == 4
    assert leftovers(tiny) == []
    assert stale.Status().state(page("maize/01-cells")).word == "fresh"
    assert not (tiny / "runs/failed/demo/maize/01-cells").exists()


# a value that the code did not produce


def test_a_page_that_is_edited_while_it_runs_is_refused(tiny, chapter_of):
    edit = "import os, pathlib\n"
    edit += "path = pathlib.Path(os.environ['REREAD_HOME'], 'chapters/maize/01-cells.ipynb')\n"
    edit += "path.write_text(path.read_text().replace('page.close()', 'x = page.close()'))"
    path = chapter_of("01-cells", [edit, 'page.measure("one", 1)'])

    with pytest.raises(RunError, match="maize/01-cells was edited while it ran: code, the cells") as caught:
        run_page(page("maize/01-cells"), say=silent)

    assert "x = page.close()" in path.read_text()
    assert caught.value.exit_code == 9
    assert not page("maize/01-cells").folder.exists()


def test_a_notebook_that_was_edited_when_the_kernel_read_it_and_put_back_since_is_refused(tiny, monkeypatch):
    """As a branch that is checked out while a page starts, and the first one again before it ends."""
    source = page("maize/01-cells").notebook
    before, execute = source.read_text(), process.execute

    def with_another(ref, part, **options) -> int:
        source.write_text(before.replace("len(drawn)", "len(drawn) + 1"))
        try:
            return execute(ref, part, **options)
        finally:
            source.write_text(before)

    monkeypatch.setattr(process, "execute", with_another)
    with pytest.raises(RunError, match="the cells of the notebook"):
        run_page(page("maize/01-cells"), say=silent)


def test_a_module_that_was_edited_when_the_kernel_read_it_and_put_back_since_is_refused(tiny, monkeypatch):
    execute = process.execute

    def with_another(ref, part, **options) -> int:
        code = execute(ref, part, **options)
        report = json.loads((part / "kernel.json").read_text())
        assert any(path.endswith("reread/chapter.py") for path in report["read"])
        report["read"] = {path: "0" * 64 for path in report["read"] if path.endswith("reread/chapter.py")}
        (part / "kernel.json").write_text(json.dumps(report))
        return code

    monkeypatch.setattr(process, "execute", with_another)
    with pytest.raises(RunError, match=r"code of .*reread/chapter.py"):
        run_page(page("maize/01-cells"), say=silent)


def test_no_setting_of_the_user_reaches_a_kernel(tiny, chapter_of, monkeypatch, tmp_path):
    spec = tmp_path / "jupyter/kernels/python3/kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text('{"argv": ["false"], "display_name": "foreign", "language": "python"}')
    (tmp_path / "profile_default/startup").mkdir(parents=True)
    (tmp_path / "profile_default/startup/00.py").write_text("foreign = 1")
    (tmp_path / "matplotlibrc").write_text("figure.dpi: 7")
    (tiny / "matplotlibrc").write_text("figure.dpi: 7")
    for folder in (tmp_path, tiny):
        (folder / "colorsys.py").write_text("foreign = True")
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.foreign = 1")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    for name in ("PYTHONPATH", "IPYTHONDIR", "MPLCONFIGDIR", "MATPLOTLIBRC", "PYTHONSTARTUP", "FOREIGN"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("OPENBLAS_CORETYPE", "HASWELL")
    code = (
        "import colorsys, os, sys\nimport matplotlib\n"
        'page.measure("foreign", float("foreign" in dir() or "foreign" in dir(__builtins__)))\n'
        'page.measure("module", float(hasattr(colorsys, "foreign")))\n'
        'page.measure("dpi", float(matplotlib.rcParams["figure.dpi"]))\n'
        'page.measure("variable", float("FOREIGN" in os.environ))\n'
        'page.measure("python", sys.executable)'
    )
    chapter_of("01-cells", [code])

    folder = run_page(page("maize/01-cells"), say=silent)

    record = json.loads((folder / "record.json").read_text())
    dpi = record["values"].pop("dpi")
    assert record["values"] == {"foreign": 0, "module": 0, "variable": 0, "python": sys.executable}
    assert dpi != 7
    assert record["made"]["environment"]["OPENBLAS_CORETYPE"] == "HASWELL"


# the guard, under plain papermill


def papermill(notebook: Path, out: Path, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "papermill", str(notebook), str(out), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=out.parent)


def test_plain_papermill_refuses_a_misspelt_parameter(tiny, tmp_path):
    done = papermill(page("maize/01-cells").notebook, tmp_path / "out.ipynb", "-p", "sed", "3")

    assert done.returncode != 0
    assert "Chapter 01-cells has no parameter 'sed'. Did you mean 'seed'?" in done.stderr
    assert not (tiny / "runs").exists(), "nothing may be made before the guard has passed"


def test_plain_papermill_runs_a_chapter_with_the_parameters_of_a_run(finished, tmp_path):
    ref = page("maize/02-genes.long")
    done = papermill(ref.notebook, tmp_path / "out.ipynb", "-f", str(ref.folder / "parameters.yml"))

    assert done.returncode == 0, done.stderr
    (written,) = (finished / "runs/scratch/maize/02-genes").glob("*/measured.json")
    scratch = json.loads(written.read_text())
    assert scratch["values"] == json.loads((ref.folder / "record.json").read_text())["values"]


@pytest.mark.parametrize("profile", ["demo", "real"])
def test_the_lines_that_a_page_prints_run_on_what_the_page_built_on(finished, profile):
    refs = pages(profile)
    for ref in refs if profile != "demo" else ():
        run_page(ref, say=silent)
    for other in {"demo", "real"} - {profile}:
        shutil.rmtree(finished / "runs" / other, ignore_errors=True)
    text = page_sections.again(refs[-1], [], is_recorded=False)
    block = re.search(r"```bash\n(.*?)```", text, re.DOTALL)[1]

    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", block], cwd=finished, env=os.environ | {"PATH": path}, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    written = (finished / "runs/scratch/maize/02-genes").glob("*/measured.json")
    assert [json.loads(path.read_text())["profile"] for path in written] == [profile]
