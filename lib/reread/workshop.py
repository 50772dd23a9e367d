"""Make and check the workshop of a study; what its notebooks call."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reread.core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from reread.book.workshop.content import Task
    from reread.pages import PageRef

app = typer.Typer(no_args_is_help=True, help="Make and check the workshop of a study.")


def start(name: str = "") -> None:
    """Keep the runs of notebooks and terminal in one folder, and run what a chapter builds on.

    Parameters
    ----------
    name : str
        ``study/chapter``; without a name nothing runs.
    """
    here, carried = Path.cwd(), Path(__file__).parent / "_checkout"
    top = next((folder for folder in (here, *here.parents) if (folder / "plan.md").is_file()), here)
    if carried.is_dir():  # the wheel: as the command line does outside of a checkout
        os.environ.setdefault("REREAD_HOME", str(carried))
        for word, folder in {"RUNS": "runs", "DATA": "data", "STATE": ".reread"}.items():
            os.environ.setdefault(f"REREAD_{word}", str(top / folder))
    if name:
        from reread.book.workshop.content import first_page

        _prepare(first_page(*name.split("/")), print)


def check(name: str, number: int, answer: str = "") -> None:
    """Print whether an answer is right and why, with the value of the reference and of your run.

    Parameters
    ----------
    name : str
        ``study/chapter``.
    number : int
        Number of the exercise in its chapter, from 1.
    answer : str
        ``rises``, ``falls`` or ``stays``.

    Raises
    ------
    ParameterError
        If there is no such exercise.
    """
    from reread.book.workshop.content import task

    print(task(name, number).judge(answer))


def _prepare(ref: PageRef, say: Callable[[str], None]) -> None:
    """Run the pages that a page builds on, where no run is fresh; a line for each."""
    from reread import pages
    from reread.book.running.page_run import run_page
    from reread.book.status.staleness import Status

    for up in ref.upstream:
        if pages.builds_on(ref, up.chapter.key) and Status().state(up).word != "fresh":
            _prepare(up, say)
            say(f"{ref.name} builds on {up.name}, which runs first.")
            run_page(up, say=lambda line: None)


@app.command()
def pack(
    study: Annotated[str, typer.Argument(help="The study.")],
    wheels: Annotated[
        bool, typer.Option("--wheels", help="Add the wheels of all packages, for a room without network.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="The archive to write.")] = None,
) -> None:
    """Pack notebooks, wheels, the site, a plan and an install script into one archive."""
    from reread.book.workshop.pack import pack as write

    write(study, out or Path(f"reread-workshop-{study}.zip"), with_wheels=wheels, say=typer.echo)


@app.command("check")
def check_command(
    name: Annotated[
        str, typer.Argument(help="One study only, or one chapter, as networks/04-full-grid.")
    ] = "",
) -> None:
    """Run every exercise and compute its answer; exit 9 if a value does not move as its exercise says."""
    from reread.book.workshop import content
    from reread.studies import every, find

    study, _, chapter = name.partition("/")
    keys = [study] if study else [one.key for one in every() if content.path_of(one.key).is_file()]
    wanted = f"{study}/{find(study).chapter(chapter).key}" if chapter else ""
    found = [one for key in keys for one in content.tasks(key) if wanted in ("", one.name)]
    failed = [one.name for at, one in enumerate(found, start=1) if not _holds(one, f"{at} of {len(found)}")]
    typer.echo(f"{len(found) - len(failed)} of {len(found)} exercises can be answered.")
    if failed:
        raise typer.Exit(ExitCode.STALE)


def _holds(task: Task, place: str) -> bool:
    """Run an exercise, say what its value does, and whether the exercise may stand."""
    from reread.book.running.page_run import run_page

    typer.echo(f"{place}  {task.name} {task.number}  {task.command}")
    _prepare(task.ref, typer.echo)
    if task.now is None:
        run_page(task.ref, overrides=task.exercise.change, say=lambda line: None)
    if task.exercise.stays and task.own is None:  # the reference would allow moves between processors
        run_page(task.ref, say=lambda line: None)
        task = replace(task)
    if task.now is None:
        typer.echo(f"  refused: the run does not measure {task.exercise.value}")
        return False
    right = task.outcome(task.now)
    is_fit = (right == "stays") == task.exercise.stays
    wrong = "" if is_fit else "  refused: the exercise must say `stays: true` if and only if the value stays"
    typer.echo(f"  {task.exercise.value} {right}: {task.before:.4g} to {task.now:.4g}{wrong}")
    return is_fit
