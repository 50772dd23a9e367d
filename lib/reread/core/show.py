"""Show values, figures, tables and notes in a notebook: as MyST for the book, as HTML in Jupyter."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

PREFIX = "application/papermill.record/"
LONG, SHOWN = 12, 8  # a table of more rows than LONG shows the first SHOWN
MARKUP = re.compile(r"[&<>`*_\[\]{}$\\|~^=\"]")
# what opens a list, a heading, a fence, a comment or a target at the start of a text
BLOCK_START = re.compile(r"[+#:%(]|-(?![\d.])|\d+(?=[.)](\s|$))")
BOX = "border-left:4px solid {0};padding:0.4em 0.8em;margin:0.6em 0"
WARNING = "WARNING: "


def plain(value: Any) -> str:
    """A text that came with data, so that MyST, Markdown and HTML show its characters and obey none."""
    text = MARKUP.sub(lambda found: f"&#{ord(found[0])};", " ".join(str(value).split()))
    start = BLOCK_START.match(text)
    return f"&#{ord(text[0])};{text[1:]}" if start else text


def glue(key: str, value: Any, *, for_book: bool = True) -> None:
    """Leave a value in the notebook where the book's ``glue`` role finds it, showing nothing."""
    from IPython.display import display

    shown = {PREFIX + "text/plain": repr(value)}
    if not for_book:  # an editor that knows no other kind of this output would show an error
        shown["text/html"] = ""
    display(shown, raw=True, metadata={"scrapbook": {"name": key, "mime_prefix": PREFIX}})


def markdown(text: str) -> None:
    """Show MyST text."""
    from IPython.display import Markdown, display

    display(Markdown(text))


def web(text: str, words: str) -> None:
    """Show HTML, with the words that stand for it where HTML is not shown."""
    from IPython.display import display

    display({"text/html": text, "text/plain": words}, raw=True)


def image(path: Path, alt: str, caption: str) -> None:
    """Show a picture with its alt text and its caption."""
    from IPython.display import Image, Markdown, display

    display(Image(path.read_bytes(), alt=alt), Markdown(caption))


def directive(name: str, label: str, caption: str, alt: str) -> str:
    """MyST text of a saved figure with its caption, alt text and data."""
    return (
        f"```{{figure}} figures/{name}.svg\n:name: {label}\n:alt: {json.dumps(alt, ensure_ascii=False)}\n"
        f":width: 100%\n\n{caption}\n```\n\n"
        f"{{download}}`data (CSV) <figures/{name}.csv>` · {{download}}`SVG <figures/{name}.svg>` · "
        f"{{download}}`PNG <figures/{name}.png>`\n"
    )


def table_text(data: pd.DataFrame, name: str, label: str, caption: str, *, is_whole: bool = False) -> str:
    """MyST text of a table, numbers to three places and counts as counts, with its CSV; long ones cut."""
    columns, rows, numeric, left_out = _cells(data, is_whole)
    head = "| " + " | ".join(map(plain, columns)) + " |"
    rule = "|" + "|".join(" ---: " if n else " --- " for n in numeric) + "|"
    body = "\n".join([head, rule, *("| " + " | ".join(map(plain, row)) + " |" for row in rows)])
    return (
        f"```{{table}} {' '.join(caption.split())}\n:name: {label}\n:widths: auto\n\n{body}\n```\n\n"
        f"{left_out}{{download}}`data (CSV) <tables/{name}.csv>`\n"
    )


def table_html(data: pd.DataFrame, caption: str, *, is_whole: bool = False) -> str:
    """HTML of a table, as :func:`table_text` shows it in the book."""
    columns, rows, numeric, left_out = _cells(data, is_whole)
    sides = ["right" if n else "left" for n in numeric]

    def line(tag: str, cells: list[str]) -> str:
        return "".join(f'<{tag} style="text-align:{side}">{html.escape(cell)}</{tag}>'
                       for side, cell in zip(sides, cells, strict=True))  # fmt: skip

    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return (
        f"<table><caption>{html.escape(caption)}</caption><thead><tr>{line('th', columns)}</tr></thead>"
        f"<tbody>{body}</tbody></table>" + (f"<p>{left_out}</p>" if left_out else "")
    )


def box_text(text: str) -> str:
    """MyST box of a computed sentence; one that begins with ``WARNING`` warns."""
    kind = "warning" if text.startswith("WARNING") else "note"
    return f"```{{{kind}}}\n{plain(text.removeprefix(WARNING))}\n```"


def box_html(text: str) -> str:
    """HTML of the box of :func:`box_text`."""
    warns = text.startswith("WARNING")
    return (
        f'<div style="{BOX.format("#D55E00" if warns else "#0072B2")}"><strong>'
        f"{'Warning' if warns else 'Note'}.</strong> {html.escape(text.removeprefix(WARNING))}</div>"
    )


def _cells(data: pd.DataFrame, is_whole: bool) -> tuple[list[str], list[list[str]], list[bool], str]:
    """Column heads, rows and whether columns are numbers, as shown; and a sentence about rows left out."""
    import pandas as pd

    shown = data.reset_index() if not isinstance(data.index, pd.RangeIndex) else data
    counts = [i for i in range(shown.shape[1]) if _is_count(shown.iloc[:, i])]
    numeric = [pd.api.types.is_numeric_dtype(kind) for kind in shown.dtypes]
    left_out = ""
    if len(shown) > LONG and not is_whole:
        left_out = f"The first {SHOWN} of {len(shown):,} rows are shown; the file has all of them. "
        shown = shown.head(SHOWN)
    rows = [
        [_cell(v, i in counts) for i, v in enumerate(row)] for row in shown.itertuples(index=False, name=None)
    ]
    return [str(c).replace("_", " ") for c in shown.columns], rows, numeric, left_out


def _is_count(column: pd.Series) -> bool:
    """Whether a column of floats holds ranks or counts: whole numbers, not all of them 0 or 1."""
    if column.dtype.kind != "f":
        return False
    held = column.dropna()
    return bool(len(held)) and bool((held % 1 == 0).all()) and bool(held.abs().max() > 1)


def _cell(value: object, is_count: bool = False) -> str:
    import numpy as np
    import pandas as pd

    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)):
        return "–" if np.isnan(value) else f"{value:.0f}" if is_count else _number(float(value))
    return "–" if value is None or value is pd.NA else " ".join(str(value).split())


def _number(value: float) -> str:
    """Three places; a number that would read 0.000 and is not zero keeps its size."""
    return f"{value:.1e}" if 0 < abs(value) < 0.0005 else f"{value + 0.0:.3f}"
