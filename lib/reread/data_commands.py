"""List, fetch and verify data files on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from reread.core.errors import ExitCode, ParameterError

app = typer.Typer(no_args_is_help=True, help="List, fetch and verify data files.")
KeysArgument = Annotated[list[str], typer.Argument(help="Keys, or a study for all of its files.")]
AllOption = Annotated[bool, typer.Option("--all", help="Every file of every study.")]


@app.command("list")
def data_list() -> None:
    """List every data file: where it is, its size and licence."""
    from reread.book.columns import columns
    from reread.core.data import registry

    files = registry.datasets().items()
    rows = [(registry.state(key), key, f"{one.bytes:,} B", one.licence) for key, one in files]
    typer.echo("\n".join(columns(rows, slice(2, 3))))


@app.command("get")
def data_get(keys: KeysArgument = [], everything: AllOption = False) -> None:  # noqa: B006 (typer copies it)
    """Fetch files and verify them; the licence is shown before a download."""
    from reread.core.data import registry

    for key in _chosen(keys, everything):
        typer.echo(f"{key}: {registry.fetch(key)}")


@app.command("verify")
def data_verify(keys: KeysArgument = [], everything: AllOption = False) -> None:  # noqa: B006 (typer copies it)
    """Check files that are at hand against their record; exit 3 if one differs."""
    from reread.core.data import registry

    names = _chosen(keys, everything)
    problems = registry.verify(names)
    typer.echo("\n".join(problems) or f"{len(names)} checked: all are the recorded files.")
    if problems:
        raise typer.Exit(ExitCode.DATA)


@app.command("where")
def data_where(key: str) -> None:
    """Print the path of a file; exit 3 if it is not at hand."""
    from reread.core.data import registry

    path = registry.where(key)
    typer.echo(path if path else f"{key} is not at hand. Run:  reread data get {key}")
    if path is None:
        raise typer.Exit(ExitCode.DATA)


def _chosen(keys: list[str], everything: bool) -> list[str]:
    """Keys of the files that were named; naming none is a mistake."""
    from reread.core.data import registry

    if everything == bool(keys):
        raise ParameterError("Name keys of `reread data list`, or studies, or --all.")
    return list(registry.datasets()) if everything else registry.matching(keys)
