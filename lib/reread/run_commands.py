"""List, show, compare, clean and move finished runs on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(no_args_is_help=True, help="List, show, clean and move finished runs.")
Profile = Literal["demo", "real", "paper"]
ProfileOption = Annotated[Profile, typer.Option(help="Which column of parameter values.")]
StudyOption = Annotated[str, typer.Option(help="One study only.")]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
NO_RUN = "No page has run here.\nRun one with:  reread run STUDY/CHAPTER"


def _begins(incomplete: str) -> list[str]:
    """Runs that the shell may complete a word to."""
    from reread.core import paths

    names = (
        path.parent.relative_to(paths.runs()).as_posix() for path in paths.runs().glob("*/*/*/record.json")
    )
    return sorted(name for name in names if name.startswith(incomplete) and "/." not in name)


RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="Such as demo/networks/02-deeptgi, or a folder.", autocompletion=_begins
    ),
]


@app.command("list")
def runs_list(study: StudyOption = "", as_json: JsonOption = False) -> None:
    """List every finished run, also those with other parameters (custom)."""
    import json

    from reread import runs
    from reread.book.columns import columns

    rows = runs.rows(study)
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    elif rows:
        typer.echo("\n".join(columns(map(runs.cells, rows), slice(2, 3))))
    else:
        typer.echo(NO_RUN)


@app.command("table")
def runs_table(
    study: StudyOption = "", out: Annotated[Path | None, typer.Option(help="The CSV file to write.")] = None
) -> None:
    """Write every finished run as a row of a CSV table, with its parameters and values as columns."""
    from reread import runs
    from reread.core.files import write_text

    table = runs.table(study)
    text = table.to_csv(index=False)
    if table.empty:
        typer.echo(NO_RUN, err=True)  # a table has no place for it
    elif out is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(f"{len(table)} runs: {write_text(out, text)}")


@app.command("show")
def runs_show(run: RunArgument, as_json: JsonOption = False) -> None:
    """Show one run: parameters, values, verdicts, files, what made it, and what has changed since."""
    import json

    from reread.book.status import one_run

    found = one_run.describe(run)
    typer.echo(json.dumps(found, indent=1, ensure_ascii=False) if as_json else one_run.text(found))


@app.command("clean")
def runs_clean(
    runs: Annotated[
        list[str], typer.Argument(metavar="[RUN]...", help="Remove these runs only.", autocompletion=_begins)
    ] = [],  # noqa: B006 (typer copies it)
    older_than: Annotated[float, typer.Option(min=0, metavar="DAYS", help="Only those older than that.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove failed and custom runs, and folders left half-made; a run of a profile only by its name."""
    from reread.book.running import removal

    found = removal.removable(runs, older_than)
    typer.echo(removal.text(found))
    if not found or dry_run:
        return
    if not yes:
        typer.confirm("Remove them?", abort=True)
    typer.echo(removal.remove(found))


@app.command("schema")
def runs_schema() -> None:
    """Print the JSON schema of the record of a run, record.json."""
    import json

    from reread.book.status.run_record import published_schema

    typer.echo(json.dumps(published_schema(), indent=1))


@app.command("export")
def runs_export(
    out: Annotated[Path, typer.Option(help="The archive to write.")] = Path("runs.zip"),
    profile: ProfileOption = "real",
    study: StudyOption = "",
) -> None:
    """Pack finished runs into one archive."""
    from reread.book import transfer

    typer.echo(transfer.export_runs(out, profile, study))


@app.command("import")
def runs_import(file: Path) -> None:
    """Check an archive and unpack its runs."""
    from reread.book import transfer

    typer.echo(transfer.import_runs(file))


@app.command("crate")
def runs_crate(
    run: RunArgument, out: Annotated[Path, typer.Option(help="The file to write.")] = Path("crate.zip")
) -> None:
    """Pack one run as a Workflow Run RO-Crate, which other tools can read."""
    from reread.book import crate

    typer.echo(crate.write(run, out))
