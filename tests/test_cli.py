"""The command line on the tiny study: what it prints, and the exit code it ends in."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
from reread import cli
from reread import runs as run_table
from reread.book.running import page_run as runner
from reread.core import errors
from reread.core.errors import DataError, RunError
from reread.pages import page
from reread.pages import pages as every_page

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def reread(monkeypatch, capsys):
    """``reread("list", "--profile", "demo")``: as from a shell, but in this process."""

    def call(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["reread", *map(str, words)])
        try:
            cli.main()
            code = 0
        except SystemExit as exit_:
            code = exit_.code or 0
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return call


@pytest.fixture
def runs(monkeypatch) -> list[tuple]:
    """What would have been run: name, profile and the options."""
    seen = []

    def note(ref, *, say, **options) -> Path:
        seen.append((ref.name, ref.profile, options))
        say("  cell  1/1  a line")
        return ref.folder

    monkeypatch.setattr(runner, "run_page", note)
    monkeypatch.setattr(cli, "_tell", lambda ref, folder: None)
    return seen


def test_help_names_every_command(reread):
    said = reread("--help")

    assert said.code == 0
    for command in ("list", "run", "sync", "build", "book", "status", "claims", "compare", "data", "runs"):
        assert f" {command} " in said.out


def test_it_is_installed_as_a_command():
    command = Path(sys.executable).with_name("reread")
    done = subprocess.run([command, "--help"], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "judge claims" in done.stdout


def test_list_shows_study_chapter_and_page_with_their_state(finished, reread):
    (page("maize/02-genes.long").folder / "record.json").unlink()

    assert reread("list").out.splitlines() == [
        "maize: Which plants grow?",
        "  fresh   maize/01-cells        Cells",
        "  fresh   maize/02-genes.short  Genes: the short way",
        "  hollow  maize/02-genes.long   Genes: the long way",
    ]


def test_run_hands_on_page_profile_and_values(tiny, reread, runs):
    said = reread(
        *("run", "maize/02-genes", "--page", "long", "--profile", "real", "--timeout-s", "9"),
        *("-p", "source=planted", "-p", "ways=sum mean"),
    )

    assert said.code == 0, said.err
    overrides = {"source": "planted", "ways": "sum mean"}
    options = {"overrides": overrides, "timeout_s": 9.0, "threads": 1}
    assert runs == [("maize/02-genes.long", "real", options)]
    assert said.out.splitlines()[:2] == ["maize/02-genes.long (real)", "  cell  1/1  a line"]


@pytest.mark.parametrize(("text", "value"), [("n=7", 7), ("n=010", 10), ("seed = 3", 3)])
def test_values_are_read_by_the_type_of_their_parameter(tiny, reread, runs, text, value):
    said = reread("run", "maize/01-cells", "-p", text)

    assert said.code == 0, said.err
    assert list(runs[0][2]["overrides"].values()) == [value]


WRONG = {
    "a study": (["run", "mais/01-cells"], "There is no study 'mais'. Did you mean 'maize'?"),
    "a chapter": (["run", "maize/01-cell"], "maize has no chapter '01-cell'. Did you mean '01-cells'?"),
    "a page": (["run", "maize/02-genes.shrt"], "has no page 'shrt' in demo. Did you mean 'short'?"),
    "no page": (
        ["run", "maize/02-genes"],
        "maize/02-genes has several pages in demo; add one of: .short, .long",
    ),
    "a parameter": (["run", "maize/01-cells", "-p", "sed=1"], "has no parameter 'sed'. Did you mean 'seed'?"),
    "a value": (["run", "maize/01-cells", "-p", "n=0"], "n must be a whole number of at least 1"),
    "no value": (["run", "maize/01-cells", "-p", "n"], "-p must be NAME=VALUE, but came as 'n'."),
    "broken value": (["run", "maize/01-cells", "-p", "n=1:30"], "n must be a whole number of at least 1"),
    "a value twice": (["run", "maize/01-cells", "-p", "n=1", "-p", "n=2"], "-p n is given twice."),
    "no thread": (["run", "maize/01-cells", "--threads", "0"], "Invalid value for '--threads'"),
    "no time": (["run", "maize/01-cells", "--timeout-s", "-1"], "Invalid value for '--timeout-s'"),
    "no core": (["build", "--cores", "0"], "Invalid value for '--cores'"),
    "a profile": (["run", "maize/01-cells", "--profile", "dmo"], "Invalid value for '--profile'"),
    "a study to list": (["status", "--study", "rice"], "There is no study 'rice'"),
    "no data file": (["data", "verify"], "Name keys of `reread data list`, or studies, or --all."),
    "a data file": (["data", "get", "maize/plant"], "Did you mean 'maize/plants'?"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_word_ends_in_two_and_a_hint_without_traceback(tiny, reread, kind):
    words, hint = WRONG[kind]

    said = reread(*words)

    assert said.code == 2
    assert hint in said.err
    assert "Traceback" not in said.err
    assert not (tiny / "runs").exists()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DataError("altered"), 3),
        (RunError("slow", 6), 6),
        (OSError(errno.ENOSPC, "No space left", "/runs/x"), 4),
    ],
)
def test_an_error_of_a_run_becomes_the_exit_code(tiny, reread, monkeypatch, error, code):
    def fail(*args, **options):
        raise error

    monkeypatch.setattr(runner, "run_page", fail)

    said = reread("run", "maize/01-cells")

    assert said.code == code
    assert "Traceback" not in said.err
    assert said.err


@pytest.mark.parametrize(
    ("variable", "folder"), [("RUNS", "runs/x"), ("DATA", "data/x"), ("STATE", ".reread/build.lock")]
)
@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_disk_error_names_the_variable_of_the_folder_it_came_from(
    tiny, reread, monkeypatch, variable, folder, number
):
    def fail(*args, **options):
        raise OSError(number, "it cannot be written", str(tiny / folder))

    monkeypatch.setattr(runner, "run_page", fail)

    said = reread("run", "maize/01-cells")

    assert said.code == 4
    assert [name for name in ("RUNS", "DATA", "STATE") if f"REREAD_{name}" in said.err] == [variable]


@pytest.mark.parametrize("module", ["snakemake", "jupyter_book"])
def test_a_build_without_its_packages_says_how_to_install_them(tiny, reread, monkeypatch, module):
    found = errors.find_spec
    monkeypatch.setattr(errors, "find_spec", lambda name: None if name == module else found(name))

    said = reread("build")

    assert said.code == 4
    assert f"brings {module}" in said.err and "pip install -e '.[book]'" in said.err


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_both_words_for_help_are_known(reread, word):
    assert reread("data", word).code == reread(word).code == 0


def test_the_version_is_that_of_the_package(reread):
    assert reread("--version").out == f"reread {version('reread')}\n"


def test_an_unexpected_error_keeps_its_traceback(tiny, reread, monkeypatch):
    def fail(*args, **options):
        raise FileNotFoundError(errno.ENOENT, "no such file", "x")

    monkeypatch.setattr(runner, "run_page", fail)

    with pytest.raises(FileNotFoundError):
        reread("run", "maize/01-cells")


def test_sync_check_ends_in_two_and_changes_nothing(tiny, reread):
    path = page("maize/01-cells").notebook
    path.write_text(path.read_text().replace("n: int = 5", "n: int = 6"))
    before = path.read_bytes()

    checked = reread("sync", "--check")
    assert (checked.code, path.read_bytes()) == (2, before)
    assert "01-cells.ipynb: its parameter cell differs from study.yml" in checked.out
    assert reread("sync", "maize").code == 0
    assert reread("sync", "--check") == Said(0, "Every notebook equals its record.\n", "")


def test_status_names_what_moved(finished, reread):
    lock = finished / "requirements.lock"
    lock.write_text("numpy==2.1\n")

    said = reread("status")

    assert said.code == 0
    assert said.out.splitlines()[0] == "stale       maize/01-cells        lock"


def test_claims_are_judged_and_json_is_json(finished, reread):
    assert "not tested" in reread("claims").out

    rows = json.loads(reread("claims", "--json").out)

    assert [row["id"] for row in rows] == ["M1"]


def test_compare_ends_in_nine_without_a_reference_and_zero_with_it(finished, reread):
    assert reread("compare").code == 9
    assert reread("compare", "--write").code == 0
    assert reread("compare").code == 0


def test_exported_runs_can_be_imported(finished, reread, tmp_path):
    archive = tmp_path / "runs.zip"
    assert reread("runs", "export", "--profile", "demo", "--out", str(archive)).code == 0
    (page("maize/01-cells").folder / "record.json").unlink()

    said = reread("runs", "import", str(archive))

    assert said.code == 0, said.err
    assert "fresh  maize/01-cells" in reread("list").out


def test_data_are_listed_verified_and_found(tiny, reread):
    assert "here  maize/plants" in reread("data", "list").out
    assert reread("data", "verify", "maize").out == "1 checked: all are the recorded files.\n"
    assert reread("data", "get", "--all").out == f"maize/plants: {tiny / 'data/maize/plants.csv'}\n"
    assert reread("data", "where", "maize/plants").out.strip() == str(tiny / "data/maize/plants.csv")

    (tiny / "data/maize/plants.csv").write_text("altered")
    verified = reread("data", "verify", "maize/plants")

    assert verified.code == 3
    assert "maize/plants" in verified.out


def test_a_file_that_is_not_at_hand_ends_in_three(tiny, reread):
    (tiny / "data/maize/plants.csv").unlink()

    assert reread("data", "where", "maize/plants").code == 3
    assert "absent  maize/plants" in reread("data", "list").out


def test_a_run_ends_with_what_moved_and_the_address_of_its_page(finished, reread):
    reread("compare", "--write")

    said = reread("run", "maize/01-cells", "-p", "n=6")

    assert said.code == 0, said.err
    *rest, last = said.out.splitlines()
    assert "2 of 2 values differ from the reference of demo beyond tolerance." in rest
    assert [line.split()[0] for line in rest[-3:]] == ["value", "mean", "cells"]
    assert rest[-1].split() == ["cells", "5", "6", "+1", "+20.0%"]
    address = last.removeprefix("Open file://")
    assert "<td>cells</td><td>5</td><td>6</td>" in Path(address).read_text()
    # the page was written about the run, and is no part of it
    assert reread("diff", Path(address).parent, "maize/01-cells").code == 0


def test_two_runs_are_compared_as_text_and_as_json(finished, reread):
    said = reread("diff", "maize/02-genes.short", "demo/maize/02-genes.long")
    as_json = reread("diff", "--json", "maize/02-genes.short", "runs/demo/maize/02-genes.long")

    assert said.out.splitlines()[2:4] == ["Parameters:", "  ways  sum mean  mean sum"]
    assert json.loads(as_json.out)["parameters"] == [{"name": "ways", "a": "sum mean", "b": "mean sum"}]
    assert "no finished run" in reread("diff", "maize/02-genes.short", "real/maize/02-genes.long").err


def test_build_runs_what_is_stale_and_builds_no_site_when_told(finished, reread):
    said = reread("build", "--no-site")

    assert said.code == 0, said.err
    assert said.out.endswith("0 ran, 3 fresh, 0 failed, 0 skipped\n")


def test_the_list_as_json_says_what_moved(reread, finished):
    (finished / "requirements.lock").write_text("numpy==1.0\n")

    rows = json.loads(reread("list", "--json").out)

    assert [row["page"] for row in rows] == [ref.name for ref in every_page("demo")]
    assert all(row["state"] == "stale" and "lock" in row["moved"] for row in rows)


def test_finished_runs_are_a_table_and_an_altered_one_says_so(reread, finished):
    run = finished / "runs/demo/maize/01-cells"
    table = run_table.table().set_index("run")

    assert set(table.index) == {row["run"] for row in json.loads(reread("runs", "list", "--json").out)}
    record = json.loads((run / "record.json").read_text())
    here = table.loc["demo/maize/01-cells"]
    assert here["chapter"] == "01-cells"
    assert {f"values.{key}" for key in record["values"]} <= set(table.columns)
    assert "values" in reread("runs", "list", "--study", "maize").out

    (run / "record.json").write_text(json.dumps(record | {"device": "abacus"}))

    assert "altered" in run_table.table().set_index("run").loc["demo/maize/01-cells", "wrong"]
    assert "altered" in reread("runs", "list").out


def test_the_runs_of_an_unknown_study_are_refused_with_the_nearest(reread, finished):
    said = reread("runs", "list", "--study", "maise")

    assert said.code == errors.ExitCode.PARAMETER
    assert "maize" in said.err


def test_without_a_run_the_list_names_the_command(reread, tiny):
    assert "reread run" in reread("runs", "list").out
    assert run_table.table().empty


def test_a_run_is_shown_with_what_made_it_and_what_moved_since(reread, finished):
    said = reread("runs", "show", "demo/maize/02-genes.short")

    assert said.code == 0, said.err
    lines = [line.split() for line in said.out.splitlines()]
    for words in (["state", "fresh"], ["ways", "sum", "mean"], ["M1", "not", "tested"]):
        assert words in lines
    assert any(words[:1] == ["tables/counted.csv"] and len(words[1]) == 64 for words in lines)

    (finished / "requirements.lock").write_text("numpy==2.1\n")
    shown = json.loads(reread("runs", "show", "maize/02-genes.short", "--json").out)
    record = json.loads((finished / "runs/demo/maize/02-genes.short/record.json").read_text())
    del record["seal"]

    assert (shown["state"], shown["moved"]) == ("stale", ["upstream maize/01-cells", "lock"])
    assert {key: shown[key] for key in record} == record
    assert shown["verdicts"] == {"M1": "not tested"}


def test_a_run_with_other_parameters_is_shown_as_fresh_until_its_code_moves(
    reread, finished, chapter_of_finished
):
    reread("run", "maize/01-cells", "-p", "n=6")
    (run,) = (finished / "runs/custom/maize").iterdir()

    assert "  state    fresh\n" in reread("runs", "show", f"custom/maize/{run.name}").out

    chapter_of_finished("01-cells", ['page.measure("cells", n)'])

    assert "  state    stale: code\n" in reread("runs", "show", run).out


def test_the_table_of_runs_is_a_csv_on_the_screen_and_in_a_file(reread, finished, tmp_path):
    printed = reread("runs", "table", "--study", "maize").out
    said = reread("runs", "table", "--out", tmp_path / "runs.csv").out

    table = pd.read_csv(tmp_path / "runs.csv")
    assert said == f"3 runs: {tmp_path / 'runs.csv'}\n"
    assert (tmp_path / "runs.csv").read_text() == printed
    assert list(table["run"]) == list(run_table.table()["run"])
    assert set(table.columns) == set(run_table.table().columns)


def test_without_a_run_there_is_no_table_but_a_hint(reread, tiny):
    assert reread("runs", "table") == Said(
        0, "", "No page has run here.\nRun one with:  reread run STUDY/CHAPTER\n"
    )


def test_two_runs_are_compared_by_either_command(reread, finished):
    words = ("maize/02-genes.short", "demo/maize/02-genes.long")

    assert reread("runs", "diff", *words) == reread("diff", *words)


def test_runs_are_removed_only_once_the_reader_agrees(reread, finished, monkeypatch):
    reread("run", "maize/01-cells", "-p", "n=6")
    (run,) = (finished / "runs/custom/maize").iterdir()

    assert str(run) in reread("runs", "clean", "--dry-run").out
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert reread("runs", "clean").code == 1
    assert reread("runs", "clean", "--older-than", "1", "--yes").out == "There is nothing to remove.\n"
    assert run.is_dir()

    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert "Removed 1 folders, " in reread("runs", "clean").out
    assert not run.exists()
    assert reread("status").out.endswith("3 of 3 pages of demo are fresh.\n")


def test_a_dry_run_says_what_a_build_would_run_and_why_and_runs_nothing(reread, finished, monkeypatch):
    (finished / "requirements.lock").write_text("numpy==2.1\n")
    shutil.rmtree(finished / "runs/demo/maize/02-genes.long")
    record = finished / "runs/demo/maize/01-cells/record.json"
    seconds = json.loads(record.read_text())["made"]["wall_s"]
    monkeypatch.setattr(errors, "require", lambda *_: pytest.fail("a plan needs no Snakemake"))

    said = reread("build", "--dry-run")

    assert said.code == 0, said.err
    first, second, third, last = said.out.splitlines()
    assert first.split() == ["maize/01-cells", str(round(seconds)), "s", "stale:", "lock"]
    assert "stale: upstream maize/01-cells, lock" in second
    assert third.split() == ["maize/02-genes.long", "time", "unknown", "never", "run"]
    assert last.startswith("3 of 3 pages would run: about ")
    assert not (finished / "runs/demo/maize/02-genes.long").exists()


def test_a_dry_run_of_a_fresh_book_has_nothing_to_do(reread, finished):
    assert reread("build", "--dry-run").out == "0 of 3 pages would run.\n"


def test_the_status_as_json_names_pages_and_recorded_runs_that_moved(reread, finished):
    assert reread("record", "--profile", "demo").code == 0
    (finished / "requirements.lock").write_text("numpy==2.1\n")

    status = json.loads(reread("status", "--json").out)

    moved = {row["page"]: row["moved"] for row in status["pages"]}
    assert moved["maize/01-cells"] == ["lock"]
    assert {row["state"] for row in status["pages"]} == {"stale"}
    assert {row["page"]: row["moved"] for row in status["outdated"]} == moved


@pytest.mark.parametrize(
    ("line", "found"),
    [("run maize/02", ["maize/02-genes.short", "maize/02-genes.long"]),
     ("runs show demo/maize/01", ["demo/maize/01-cells"]), ("runs cl", ["clean"])],
)  # fmt: skip
def test_the_shell_completes_commands_pages_and_runs(finished, line, found):
    command = Path(sys.executable).with_name("reread")
    asked = {
        "_REREAD_COMPLETE": "complete_bash",
        "COMP_WORDS": f"reread {line}",
        "COMP_CWORD": str(len(line.split())),
    }

    done = subprocess.run([command], env=os.environ | asked, capture_output=True, text=True, check=True)

    assert done.stdout.split() == found


def test_completion_is_installed_for_the_shell_of_the_reader(tmp_path):
    command = Path(sys.executable).with_name("reread")
    home = {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}

    done = subprocess.run(
        [command, "--install-completion", "bash"],
        env=os.environ | home,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "_REREAD_COMPLETE=complete_bash" in next(tmp_path.rglob("reread.sh")).read_text()
