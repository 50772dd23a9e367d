"""Tables with more columns than a page is wide: some are shown, and the CSV has all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from reread.core.errors import ParameterError, did_you_mean
from reread.core.figures import save_table

if TYPE_CHECKING:
    import pandas as pd


def show_columns(
    page: Any, table: pd.DataFrame, name: str, columns: Mapping[str, str], *, caption: str,
    words: Callable[[str], str] = str, is_whole: bool = False,
) -> None:  # fmt: skip
    """Show some columns of a table on a page; its CSV has every column and row as they are.

    ``columns``: dict of str to str; column to its head on the page, in the order shown. ``words`` translates
    each cell that holds text. ``page``, ``name``, ``caption`` and ``is_whole`` as for ``Page.table``.
    ParameterError if the table lacks a column.
    """
    missing = [column for column in columns if column not in table]
    if missing:
        raise ParameterError(
            f"{name} has no column {missing[0]!r}. {did_you_mean(missing[0], map(str, table.columns))}"
        )
    shown = table[list(columns)].map(lambda cell: words(cell) if isinstance(cell, str) else cell)
    page.table(shown.rename(columns=dict(columns)), name, caption=caption, is_whole=is_whole)
    save_table(table, page.folder / "tables" / f"{name}.csv")
