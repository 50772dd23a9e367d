"""Weave a page: outputs of the run, words of the source notebook.

Prose, captions and alt text are taken from the source, so that an edit of words shows without a new run;
numbers in prose are taken from the record, so that nobody can type them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

from reread.core import figures, show
from reread.core.errors import RunError, did_you_mean

Cell = dict[str, Any]
GLUE = re.compile(r"\{glue:(?:text)?\}`([^`]+)`")
NUMREF = re.compile(r"\{numref\}`(?:([^`<]*?)\s*<)?([\w.-]+)>?`")
PLACED = re.compile(r"^```\{(figure|table)\}.*?^:name: (\S+)$", re.MULTILINE | re.DOTALL)
HOLLOW = 9


def weave(source: list[Cell], executed: list[Cell], words: Callable[[str], str]) -> list[Cell]:
    """Cells of the source in their order, each code cell with the outputs of its run.

    Parameters
    ----------
    source : list of dict
        Cells of the source notebook.
    executed : list of dict
        Cells of the run; the cell that papermill injected is passed over.
    words : callable
        Makes what a reader sees out of the text of a prose cell.

    Raises
    ------
    RunError
        If the notebooks have different code cells.
    """
    ran = [cell for cell in executed if _is_code(cell) and cell["id"] != "injected-parameters"]
    by_id = {cell["id"]: cell for cell in ran}
    code = [cell for cell in source if _is_code(cell)]
    if len(code) != len(ran):
        raise RunError(
            f"The run has {len(ran)} code cells and the source {len(code)}; run the page again.", HOLLOW
        )
    in_order = {cell["id"]: by_id.get(cell["id"], twin) for cell, twin in zip(code, ran, strict=True)}
    return [_woven(cell, in_order.get(cell["id"]), words) for cell in source]


def text_of(cell: Cell) -> str:
    """Source of a cell as one text."""
    return "".join(cell["source"])


def captions(source: list[Cell]) -> dict[str, dict[str, str]]:
    """Figure or table id to the caption and alt text that the source spells out; f-strings are left."""
    found: dict[str, dict[str, str]] = {}
    for cell in filter(_is_code, source):
        for call in _placings(text_of(cell)):
            literal = {k.arg: k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)}
            name = call.args[1].value if len(call.args) > 1 and isinstance(call.args[1], ast.Constant) else ""
            name = name or literal.get("name", "")
            wording = {key: literal[key] for key in ("caption", "alt") if key in literal}
            found[name] = {key: " ".join(value.split()) for key, value in wording.items()}
    return found


def placed(output: Cell) -> tuple[str, str] | None:
    """Kind (figure or table) and label of what an output shows; None if it shows neither."""
    match = PLACED.match(_markdown(output))
    return (match[1], match[2]) if match else None


def recaption(output: Cell, entry: dict[str, str]) -> Cell:
    """Write caption and alt text of ``entry`` into the output that shows a figure or a table."""
    text = _markdown(output)
    if placed(output)[0] == "figure":
        alt = figures.check_alt(entry["id"], entry["alt"])
        text = show.directive(entry["id"], entry["label"], entry["caption"], alt)
    else:
        text = f"```{{table}} {entry['caption']}\n" + text.partition("\n")[2]
    return {**output, "data": {"text/markdown": text}}


def quote(text: str, values: dict[str, Any], may_lack: Callable[[str], bool], page: str) -> str:
    """Put measured values where prose quotes them: ``{glue:text}`key:.2f```.

    Parameters
    ----------
    text : str
        Prose.
    values : dict
        What the page measured.
    may_lack : callable
        Whether a key may be absent here, because other pages of the notebook measure it: it becomes a dash.
    page : str
        Name for the error.

    Raises
    ------
    RunError
        If a key is neither measured nor one that may be absent.
    """

    def value(match: re.Match) -> str:
        key, _, style = match[1].partition(":")
        if values.get(key) is not None:
            return format(values[key], style) if style else str(values[key])
        if key in values or may_lack(key):
            return "–"
        raise RunError(
            f"The prose of {page} quotes {key!r}, which it did not measure. {did_you_mean(key, values)}",
            HOLLOW,
        )

    return GLUE.sub(value, text)


def refer(text: str, labels: dict[str, str]) -> str:
    """Turn ``{numref}`knob``` into the label that the figure ``knob`` has in the whole book."""

    def label(match: re.Match) -> str:
        target = labels.get(match[2], match[2])
        return f"{{numref}}`{match[1]} <{target}>`" if match[1] else f"{{numref}}`{target}`"

    return NUMREF.sub(label, text)


def _woven(cell: Cell, run: Cell | None, words: Callable[[str], str]) -> Cell:
    if not _is_code(cell):
        return {**cell, "source": words(text_of(cell))}
    metadata = {**cell["metadata"], "tags": [*_tags(cell), *_look(text_of(cell))]}
    # the value that the last line of a cell has is shown nowhere else, and says nothing to a reader
    outputs = [
        out for out in run["outputs"] if not (out["output_type"] == "execute_result" and _calls_page(cell))
    ]
    kept = {"outputs": outputs, "execution_count": run["execution_count"]}
    return {**cell, "metadata": metadata, "source": text_of(cell), **kept}


def _calls_page(cell: Cell) -> bool:
    return text_of(cell).strip().splitlines()[-1].startswith("page.")


def _look(code: str) -> list[str]:
    """How a cell is shown: not at all if it only opens the page, folded if it places a figure or a table."""
    statements = [line for line in code.splitlines() if line.strip() and not line.startswith("#")]
    if all(line.startswith(("import ", "from ", "page = chapter.open_page(")) for line in statements):
        return ["remove-cell"]
    return ["hide-input"] if _placings(code) else []


def _placings(code: str) -> list[ast.Call]:
    """Calls of ``page.figure`` and ``page.table`` in a cell."""
    try:
        calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    except SyntaxError:
        return []
    return [
        c
        for c in calls
        if isinstance(c.func, ast.Attribute) and c.func.attr in ("figure", "table") and c.args
    ]


def _markdown(output: Cell) -> str:
    return "".join(output.get("data", {}).get("text/markdown", ""))


def _is_code(cell: Cell) -> bool:
    return cell["cell_type"] == "code"


def _tags(cell: Cell) -> list[str]:
    return list(cell["metadata"].get("tags", ()))
