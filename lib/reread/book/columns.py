"""Rows of a table as lines of text."""

from collections.abc import Iterable


def columns(rows: Iterable[tuple[str, ...]], right: slice = slice(0), indent: str = "") -> list[str]:
    """Rows with aligned columns, those of the slice ``right`` to the right."""
    rows, lines = list(rows), []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        cells[right] = map(str.rjust, row[right], widths[right])
        lines.append(f"{indent}{'  '.join(cells)}".rstrip())
    return lines
