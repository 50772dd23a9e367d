"""Every command that the book prints: parsed and checked here; ``make test-commands`` runs them all.

Commands are collected from the README, the texts of the book, the notebooks (with exercises and
solutions) and the sections that are generated for each page. The sweep runs each value of each choice once.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from reread import pages, studies
from reread.book.site import page_sections
from reread.cli import app
from reread.core.data import registry
from reread.core.errors import ParameterError

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "book").rglob("*.md"))]
SHELL = re.compile(r"^```(?:bash|sh|shell)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`((?:reread|papermill|make|-p)\s[^`]+)`")
# variables that are set for one command stand before it
SET = re.compile(r"^(?:[A-Z_]+=\S+ )*")
LIMIT_S = float(os.environ.get("REREAD_COMMAND_S", "300"))
# budgets of a sweep: enough for every line to be run once, not for a result
SMALL = {"corrected_epochs": 2, "epochs": 2, "n_boot": 20, "n_draws": 5, "n_init": 1, "n_null": 19,
         "n_orders": 1, "n_permutations": 19, "n_points": 8, "n_runs": 1, "n_seeds": 1, "n_sets": 2,
         "n_shuffles": 1, "n_trees": 5, "n_trials": 20, "published_epochs": 2,
         "tuning_epochs": 2}  # fmt: skip
# what only reads, and ends at once; all else that is no run of a page builds, writes or waits
QUICK = ("list", "status", "claims", "data list")


class Printed(NamedTuple):
    """A command, where it is printed, and the chapter that it stands in (``study/chapter``)."""

    where: str
    line: str
    chapter: str = ""


def in_text(where: str, text: str, chapter: str = "") -> Iterator[Printed]:
    """Commands of shell blocks and of code in the running text; a backslash continues a line."""
    blocks = [line for block in SHELL.findall(text) for line in re.sub(r"\\\n\s*", "", block).splitlines()]
    for line in [*blocks, *SPAN.findall(SHELL.sub("", text))]:
        line = " ".join(line.split("  #")[0].split())
        if SET.sub("", line).startswith(("reread ", "papermill ", "make ", "-p ")):
            yield Printed(where, line, chapter)


@lru_cache(maxsize=1)
def printed() -> tuple[Printed, ...]:
    """Every command, each once for each place."""
    found = [one for path in TEXTS for one in in_text(path.name, path.read_text())]
    for study in studies.every():
        for chapter in study.chapters:
            path = ROOT / "chapters" / study.key / f"{chapter.key}.ipynb"
            for cell in json.loads(path.read_text())["cells"]:
                text = "".join(cell["source"])
                name = f"{study.key}/{chapter.key}"
                if cell["cell_type"] == "markdown":
                    found += in_text(f"{name} {cell['id']}", text, name)
    for profile in studies.PROFILES:
        for ref in pages.pages(profile):
            text = page_sections.again(ref, [], is_recorded=False)
            found += in_text(f"{ref.name} ({profile})", text, f"{ref.study.key}/{ref.chapter.key}")
    return tuple(dict.fromkeys(found))


# what is wrong with a command


def complaint(line: str, chapter: str = "") -> str:
    """What is wrong with a command; nothing if it can be run."""
    variables, words = parts_of(line)
    try:
        if words[0] == "-p":
            given = dict(word.split("=", 1) for word in words[1::2])
            # a value that is left to the reader is empty or dots
            return of_values(chapter, {name: value for name, value in given.items() if value.strip(".")})
        if words[0] == "papermill":
            return of_papermill(words[1:], variables)
        return {"make": of_make, "reread": of_reread}[words[0]](words[1:])
    except (ParameterError, ValueError, LookupError) as error:
        return f"{type(error).__name__}: {error}"


def parts_of(line: str) -> tuple[dict[str, str], list[str]]:
    """Variables that are set for a command, and its words."""
    before = SET.match(line)[0]
    return dict(word.split("=", 1) for word in before.split()), shlex.split(line.removeprefix(before))


def of_values(name: str, texts: dict[str, str]) -> str:
    """Values as ``reread run`` reads them, for a chapter."""
    study, _, chapter = name.partition("/")
    studies.find(study).chapter(chapter).parsed(texts)
    return ""


def of_reread(words: list[str]) -> str:
    """Options and types by the command line itself, then page and values by the record."""
    group = typer.main.get_command(app)
    command, n = group, 0
    if words[0] in {option for one in group.params for option in one.opts}:
        return ""  # such as --version, which ends at once
    while hasattr(command, "commands"):
        if words[n] not in command.commands:
            return f"there is no command {' '.join(words[: n + 1])!r}"
        command, n = command.commands[words[n]], n + 1
    try:
        asked = command.make_context(" ".join(words[:n]), words[n:]).params
    except Exception as error:  # the parser's own, which Typer may take from more than one package
        return f"{type(error).__name__}: {getattr(error, 'message', error)}"
    if words[n - 1] == "diff":
        for profile, _, name in (asked[side].removeprefix("runs/").partition("/") for side in "ab"):
            pages.page(name, profile)
    if words[0] != "run":
        return ""
    name = asked["name"] + (f".{asked['page']}" if asked["page"] else "")
    ref = pages.page(name, asked["profile"])
    return of_values(f"{ref.study.key}/{ref.chapter.key}", dict(v.split("=", 1) for v in asked["parameter"]))


def of_papermill(words: list[str], variables: dict[str, str]) -> str:
    """The notebook, the file of parameters and its profile, and the values as papermill reads them."""
    from papermill.cli import _resolve_type

    study, chapter = Path(words[0]).parts[-2], Path(words[0]).stem
    if not (ROOT / words[0]).is_file():
        return f"there is no notebook {words[0]}"
    given = {words[i + 1]: _resolve_type(words[i + 2]) for i, word in enumerate(words) if word == "-p"}
    studies.find(study).chapter(chapter).fitting(given)
    for path in (words[i + 1] for i, word in enumerate(words) if word == "-f"):
        profile, name = re.fullmatch(r"runs/(\w+)/(.+)/parameters\.yml", path).groups()
        pages.page(name, profile)
        if (reads := variables.get("REREAD_PROFILE", "demo")) != profile:
            return f"it looks among the runs of {reads} for what a page of {profile} builds on"
    return ""


def of_make(words: list[str]) -> str:
    """Targets and variables of the Makefile."""
    text = (ROOT / "Makefile").read_text()
    wrong = [
        word for word in words if not re.search(rf"^{word.partition('=')[0]}( \?=|:)", text, re.MULTILINE)
    ]
    return f"the Makefile does not know {wrong}" if wrong else ""


def test_there_are_commands_of_every_kind_and_place():
    found = printed()

    assert {parts_of(one.line)[1][0] for one in found} == {"reread", "papermill", "make", "-p"}
    chapters = {f"{study.key}/{chapter.key}" for study in studies.every() for chapter in study.chapters}
    assert chapters == {one.chapter for one in found if one.chapter}
    assert len(found) > 100


def test_every_printed_command_can_be_run():
    wrong = {f"{one.where}: {one.line}": complaint(one.line, one.chapter) for one in printed()}

    assert {where: text for where, text in wrong.items() if text} == {}


@pytest.mark.parametrize(
    "line",
    [
        "reread walk",
        "reread list --colour",
        "reread --colour",
        "reread runs diff demo/networks/01-pears demo/networks/01-pears",
        "reread runs clean --older-than never",
        "reread build --profile dmo",
        "reread run networks/01-pears -p seed=1",
        "reread run networks/01-pairs-and-their-audit -p sede=1",
        "reread run networks/01-pairs-and-their-audit -p negatives=none",
        "papermill chapters/networks/01-pears.ipynb out.ipynb",
        "papermill chapters/networks/02-deeptgi.ipynb out.ipynb -p epochs 1.5",
        "papermill chapters/networks/02-deeptgi.ipynb out.ipynb -f runs/demo/networks/02-x/parameters.yml",
        "papermill chapters/lincs/03-svqvae.ipynb out.ipynb -f runs/real/lincs/03-svqvae/parameters.yml",
        "reread diff demo/networks/01-pears demo/networks/01-pears",
        "make coffee",
        "make book TROCH=cuda",
        "-p sede=1",
    ],
)
def test_the_check_itself_sees_a_wrong_command(line):
    assert complaint(line, "networks/01-pairs-and-their-audit")


@pytest.mark.parametrize("profile", studies.PROFILES)
def test_a_page_changes_a_value_that_what_it_builds_on_need_not_be_run_with(profile):
    for ref in pages.pages(profile):
        text = page_sections.again(ref, [], is_recorded=False)
        ((name, value),) = set(re.findall(r" -p (\w+)[= ](\S+)$", text, re.MULTILINE))
        built_on = [key for key in ref.chapter.needs if pages.builds_on(ref, key)]

        assert name not in {shared for key in built_on for shared in pages.shared_parameters(ref, key)}
        assert ref.chapter.parsed({name: value})[name] != ref.parameters[name], ref.name


def test_commands_that_only_read_are_run(tmp_path):
    lines = [f"reread {name}" for name in QUICK]

    assert {line: run(shlex.split(line)[1:]).returncode for line in lines} == dict.fromkeys(lines, 0)


# all of them: make test-commands


def run(words: list[str]) -> subprocess.CompletedProcess:
    """Run ``reread`` at the top of the checkout, within the time limit."""
    command = [sys.executable, "-m", "reread", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT_S)


def run_with_what_it_needs(words: list[str], n: int = 3, *, is_small: bool = False) -> Any:
    """Run a page; where the message says which page to run first, run that one, as a reader would.

    ``is_small`` gives that page small budgets too, but for what both pages must have in common.
    """
    done = run(words)
    advised = re.findall(r"^Run:\s+(reread run .+)$", done.stderr, re.MULTILINE)
    if done.returncode != 9 or not advised or not n:
        return done
    for line in advised:
        first = shlex.split(line)[1:]
        if is_small:
            ref, up = (pages.page(words[1]), pages.page(first[1]))
            first += small_budgets(up, pages.shared_parameters(ref, up.chapter.key))
        assert run_with_what_it_needs(first, n - 1, is_small=is_small).returncode == 0, line
    # a page that builds on two chapters names them in turn
    return run_with_what_it_needs(words, n - 1, is_small=is_small)


def has_data(ref: pages.PageRef, values: dict) -> bool:
    """Whether every file that a page reads with these values is at hand."""
    return all(map(registry.where, ref.datasets({**ref.parameters, **values})))


def runs_of_pages() -> list[str]:
    """Every printed run of a page, each once."""
    lines = (one.line for one in printed())
    return sorted({line for line in lines if re.match(r"(reread run|papermill) ", SET.sub("", line))})


def swept() -> Iterator[str]:
    """A run for each legal value of each choice that is no default of the demo, with small budgets."""
    for study in studies.every():
        for chapter in study.chapters:
            for name, parameter in chapter.parameters.items():
                values = (
                    [str(v).lower() for v in (True, False)] if parameter.type == "bool" else parameter.choices
                )
                for value in (v for v in values if v not in (parameter.demo, str(parameter.demo).lower())):
                    yield command_of(study, chapter, name, value)


def command_of(study: studies.Study, chapter: studies.Chapter, name: str, value: str) -> str:
    """The run of a chapter's first demo page with one choice, and with small budgets."""
    ref = next(one for one in pages.pages("demo", study.key) if one.chapter.key == chapter.key)
    shared = {key for needed in chapter.needs for key in pages.shared_parameters(ref, needed)}
    return " ".join(["reread run", ref.name, "-p", f"{name}={value}", *small_budgets(ref, shared)])


def small_budgets(ref: pages.PageRef, shared: Collection[str]) -> list[str]:
    """Options that make a page short, but for parameters that it has to share with another."""
    words = []
    for key, small in SMALL.items():
        parameter = ref.chapter.parameters.get(key)
        if parameter and key not in shared and ref.parameters[key] > max(small, parameter.min or 0):
            words += ["-p", f"{key}={max(small, int(parameter.min or 0))}"]
    return words


@pytest.mark.commands
@pytest.mark.parametrize("line", runs_of_pages())
def test_every_printed_run_ends_well(line, tmp_path):
    variables, words = parts_of(line)
    if words[0] == "papermill":
        if not all((ROOT / words[i + 1]).is_file() for i, word in enumerate(words) if word == "-f"):
            pytest.skip("the page has not been run here, so no book shows it")
        words = [str(tmp_path / word) if word == "out.ipynb" else word for word in words[1:]]
        command = [sys.executable, "-m", "papermill", *words, "-k", "python3"]
        options = {"cwd": ROOT, "env": os.environ | variables, "timeout": LIMIT_S}
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
        assert done.returncode == 0, done.stderr[-800:]
        return
    asked = dict(zip(("name", "profile"), re.match(r"reread run (\S+)(?:.* --profile (\S+))?", line).groups(),
                     strict=True))  # fmt: skip
    ref = pages.page(asked["name"], asked["profile"] or "demo")
    if not has_data(ref, {}):
        pytest.skip(f"the data of {ref.name} in {ref.profile} are not at hand")
    if "source=own" in line or ref.parameters.get("source") == "own":
        # the reader has the files: without them the page is refused, and the reason names what it lacks
        done = run(shlex.split(line)[1:])
        assert done.returncode in (2, 3, 9), done.stderr[-800:]
        assert re.search(r"is not there|needs |must look like", done.stderr), done.stderr[-800:]
        return
    done = run_with_what_it_needs(shlex.split(line)[1:])
    assert done.returncode == 0, done.stderr[-800:]


@pytest.mark.commands
@pytest.mark.parametrize("line", list(swept()))
def test_every_legal_value_of_a_choice_runs_or_is_refused_with_a_reason(line):
    name, chosen = re.match(r"reread run (\S+) -p (\S+)", line).groups()
    ref = pages.page(name)
    if not has_data(ref, ref.chapter.parsed(dict([chosen.split("=")]))):
        pytest.skip(f"the data of {chosen} are not at hand")
    is_own = chosen == "source=own"  # the reader has the files, also those of the page to run first
    words = shlex.split(line)[1:]
    done = run(words) if is_own else run_with_what_it_needs(words, is_small=True)
    assert done.returncode in ((2, 3, 9) if is_own else (0, 2, 3)), done.stderr[-800:]
    assert "Traceback" not in done.stderr
