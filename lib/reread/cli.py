"""Run chapters, judge claims, build the book."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reread import data_commands, run_commands, workshop
from reread.core.errors import ExitCode, ParameterError, RereadError
from reread.run_commands import JsonOption, ProfileOption, StudyOption

if TYPE_CHECKING:
    from reread.pages import PageRef

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=__doc__,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data_commands.app, name="data")
app.add_typer(run_commands.app, name="runs")
app.add_typer(workshop.app, name="workshop")

FilesArgument = Annotated[list[str], typer.Argument(help="Own files, expression or signatures first.")]
ParameterOption = Annotated[
    list[str], typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="Another value.")
]
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.ENOTDIR, errno.EEXIST)


def _show_version(is_wanted: bool) -> None:
    """Print the version and end."""
    if is_wanted:
        from importlib.metadata import version

        typer.echo(f"reread {version('reread')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version.")
    ] = False,
) -> None:
    """Run chapters, judge claims, build the book."""


@app.command("list")
def list_pages(profile: ProfileOption = "demo", as_json: JsonOption = False) -> None:
    """List studies, chapters and pages with the state of their runs."""
    import json
    from itertools import groupby

    from reread import pages
    from reread.book.columns import columns
    from reread.book.status.staleness import Status

    refs = pages.pages(profile)
    states = Status().states(refs)
    if as_json:
        found = [(ref, states[ref.name]) for ref in refs]
        rows = [{"page": r.name, "title": r.title, "state": s.word, "moved": s.moved} for r, s in found]
        typer.echo(json.dumps(rows, indent=1))
        return
    for study, of_study in groupby(refs, lambda ref: f"{ref.study.key}: {ref.study.title}"):
        rows = ((states[ref.name].word, ref.name, ref.title) for ref in of_study)
        typer.echo("\n".join([study, *columns(rows, indent="  ")]))


def _begins(incomplete: str) -> list[str]:
    """Pages that the shell may complete a word to."""
    from reread.pages import pages

    return [ref.name for ref in pages("demo") if ref.name.startswith(incomplete)]


@app.command()
def run(
    name: Annotated[str, typer.Argument(metavar="STUDY/CHAPTER[.PAGE]", autocompletion=_begins)],
    page: Annotated[str, typer.Option(help="The page, if not in the name.")] = "",
    profile: ProfileOption = "demo",
    parameter: ParameterOption = [],  # noqa: B006 (typer copies it)
    timeout_s: Annotated[float, typer.Option(min=0, help="Stop after so many seconds; 0 never.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the kernel.")] = 1,
) -> None:
    """Run one page. A run with -p is kept in runs/custom and answers no claim."""
    from reread import pages
    from reread.book.running.page_run import run_page

    ref = pages.page(f"{name}.{page}" if page else name, profile)
    overrides = ref.chapter.parsed(_assignments(parameter))
    typer.echo(f"{ref.name} ({ref.profile})")
    folder = run_page(ref, overrides=overrides, timeout_s=timeout_s or None, threads=threads, say=typer.echo)
    typer.echo(f"done: {folder}")
    _tell(ref, folder)


def _tell(ref: PageRef, folder: Path) -> None:
    """Print what came out of a run and what moved, and the address of the page that shows it."""
    from reread.book.columns import columns
    from reread.book.site import run_view
    from reread.book.status import difference
    from reread.book.status.run_record import RunRecord

    record = RunRecord.read(folder)
    is_own = record.scope == "own"  # a reference of other data says nothing of own files
    moved, said = ([], "") if is_own else difference.moved(ref, record.values)
    rows = [change.cells() for change in moved[: difference.MANY]]
    lines = [run_view.answer(folder, record), said]
    lines += columns([difference.HEAD, *rows], *difference.LAYOUT) if rows else []
    lines += [f"  and {len(moved) - len(rows)} more"] if len(moved) > len(rows) else []
    address = run_view.write(ref, folder, record, moved, said).resolve().as_uri()
    typer.echo("\n".join([*filter(None, lines), f"Open {address}"]))


@run_commands.app.command("diff")
@app.command()
def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A page, such as real/networks/02-deeptgi.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one, or the folder of a run.")],
    as_json: JsonOption = False,
) -> None:
    """Compare two runs: parameters, values, verdicts, code and data."""
    from reread.book.status import difference

    found = difference.compare(a, b)
    typer.echo(found.as_json() if as_json else found.text())


@app.command("check-data")
def check_data(study: str, files: FilesArgument, parameter: ParameterOption = []) -> None:  # noqa: B006
    """Say what the book would make of own files, and what to run next; exit 3 if it cannot use them."""
    from reread import check_data as checking

    if not checking.tell(study, files, _assignments(parameter), say=typer.echo):
        raise typer.Exit(ExitCode.DATA)


@app.command()
def sync(
    study: Annotated[str, typer.Argument(help="One study only.")] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 2 if something differs.")
    ] = False,
) -> None:
    """Write the parameter cells of the notebooks from study.yml, and strip outputs."""
    from reread.book.sync import sync as sync_notebooks

    differences = sync_notebooks(study, check=check)
    typer.echo("\n".join(differences) or "Every notebook equals its record.")
    if check and differences:
        typer.echo("Run:  reread sync")
        raise typer.Exit(ExitCode.PARAMETER)


@app.command()
def build(
    profile: ProfileOption = "demo",
    study: StudyOption = "",
    cores: Annotated[int, typer.Option(min=1, help="Pages that run at once.")] = 2,
    threads: Annotated[int, typer.Option(min=1, help="Threads of each page.")] = 1,
    workflow_profile: Annotated[str, typer.Option(help="Snakemake profile, workflow/profiles/slurm.")] = "",
    site: Annotated[bool, typer.Option(help="Build the site afterwards.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would run, and why.")] = False,
) -> None:
    """Run what is stale, then build the site."""
    from reread.book import workflow as graph
    from reread.core.errors import require

    if dry_run:
        typer.echo(graph.plan(profile, study, 0 if workflow_profile else cores))
        return
    require("snakemake", "book")
    if site:
        require("jupyter_book", "book")
    report = graph.build(
        profile, study, cores, threads=threads, workflow_profile=workflow_profile, say=typer.echo
    )
    typer.echo(report.text())
    if report.exit_code:
        raise typer.Exit(report.exit_code)
    if site:
        from reread.book.site.build import build_site

        typer.echo(f"The book is at {build_site(profile, study, app=app, status=report.status)}")


@app.command()
def book(profile: ProfileOption = "demo", study: StudyOption = "") -> None:
    """Build the site from finished runs."""
    from reread.book.site.build import build_site

    typer.echo(f"The book is at {build_site(profile, study, app=app)}")


@app.command()
def status(profile: ProfileOption = "demo", study: StudyOption = "", as_json: JsonOption = False) -> None:
    """Show for each page whether it is fresh, or which field and file changed."""
    from reread.book import transfer
    from reread.book.status.staleness import Status

    known = Status()
    if as_json:
        import json

        rows = {"pages": known.rows(profile, study), "outdated": transfer.outdated_rows(known, study)}
        typer.echo(json.dumps({"profile": profile, **rows}, indent=1, ensure_ascii=False))
        return
    typer.echo(known.report(profile, study))
    if lines := transfer.outdated(known, study):
        lines = ["Outdated recorded runs:", *lines, "Run the pages again, then:  reread record"]
        typer.echo("\n".join(lines))


@app.command()
def claims(as_json: JsonOption = False, study: StudyOption = "") -> None:
    """Show the verdict of every claim by the runs at hand and the recorded ones."""
    from tempfile import TemporaryDirectory

    from reread.book.status import claims as ledger
    from reread.book.status.staleness import Status
    from reread.book.transfer import adopt_recorded

    with TemporaryDirectory() as folder:
        known = Status()
        adopt_recorded(known, Path(folder))
        rows = ledger.ledger(study, known)
    typer.echo(ledger.as_json(rows) if as_json else ledger.as_text(rows))


@app.command()
def compare(
    profile: ProfileOption = "demo",
    study: StudyOption = "",
    write: Annotated[bool, typer.Option("--write", help="Make the runs at hand the reference.")] = False,
    spread: Annotated[
        list[Path],
        typer.Option(help="Folder of runs with other numerical kernels: measure tolerances. Repeatable."),
    ] = [],  # noqa: B006 (typer copies it)
) -> None:
    """Compare runs with the reference; exit 10 if a verdict changed, 9 if a value did."""
    from reread.book.status import regression as comparing

    if spread:
        report = comparing.spread(profile, spread, study)
    else:
        report = (comparing.write if write else comparing.compare)(profile, study)
    typer.echo(report.text())
    raise typer.Exit(report.exit_code)


@app.command()
def record(profile: ProfileOption = "real", study: StudyOption = "") -> None:
    """Pack finished runs into the file that travels with the repository."""
    from reread.book import transfer

    typer.echo(transfer.record_runs(profile, study))


def _assignments(texts: list[str]) -> dict[str, str]:
    """``epochs=3`` to a name and a text; the declared type of the parameter reads the text."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name:
            raise ParameterError(f"-p must be NAME=VALUE, but came as {text!r}.")
        if name in found:
            raise ParameterError(f"-p {name} is given twice.")
        found[name] = value
    return found


def _disk_error(error: OSError) -> str:
    """Message for a disk that is full or not writable, with the variable that moves its folder."""
    from reread.core import paths

    folders = {"REREAD_RUNS": paths.runs(), "REREAD_DATA": paths.data(), "REREAD_STATE": paths.state()}
    name = Path(str(error.filename)).absolute()
    inside = [key for key, folder in folders.items() if name.is_relative_to(folder.absolute())]
    now = ", ".join(f"{key} (now {folders[key]})" for key in inside or folders)
    return f"{error.strerror}: {error.filename or 'the disk'}\nMake room or make it writable, or set {now}."


def main() -> None:
    """Run the command line; an expected error is printed without a traceback."""
    from reread.book.running.stopping import stoppable

    try:
        with stoppable():
            app()
    except SystemExit as stop:
        # what click ends in when it is interrupted
        sys.exit(ExitCode.INTERRUPTED if stop.code == 130 else stop.code)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except RereadError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        print(_disk_error(error), file=sys.stderr)
        sys.exit(ExitCode.ENVIRONMENT)


if __name__ == "__main__":
    main()
