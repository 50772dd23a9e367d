"""Merge a source notebook with its run: prose and captions of today, outputs and numbers of the run.

Nothing of a run is read as markup: of its outputs only figures, tables, boxes and plain text are kept, and
each is written anew.
"""

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any

from reread.book.site import markup as myst
from reread.book.status.fingerprint import is_code
from reread.core.errors import RunError, did_you_mean

Cell = dict[str, Any]
Entry = dict[str, str]  # a figure or a table of a record
_GLUE = re.compile(r"\{glue:(?:text)?\}`([^`]+)`")
_NO_SIGN = re.compile(r"^[+-](?=0[.,0]*%?$)")
_NUMREF = re.compile(r"\{numref\}`(?:([^`<]*?)\s*<)?([\w.-]+)>?`")
_PLACED = re.compile(r"^[`:]{3,}\{(figure|table)\}.*?^:name: (\S+)$", re.MULTILINE | re.DOTALL)
_BOX = re.compile(r"^[`:]{3,}\{(note|warning)\}[^\n]*\n(.*?)\n[`:]{3,}\s*$", re.DOTALL)
_CELL = re.compile(r"\|((?:\\.|[^|\\])*)")
_RULE = re.compile(r"\|[\s:|-]+\|")
_CUT = re.compile(r"^The first \d+ of [\d,]+ rows are shown; the file has all of them\. ", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_FIGURE_FILES = (("data (CSV)", "csv"), ("SVG", "svg"), ("PNG", "png"))
STALE = 9


def merge_cells(
    source: list[Cell],
    executed: list[Cell],
    words: Callable[[str], str],
    output: Callable[[Cell], Cell | None],
) -> list[Cell]:
    """Cells of the source in order: prose through ``words``, the run's outputs through ``output``."""
    ran = [cell for cell in executed if _does_something(cell) and cell["id"] != "injected-parameters"]
    code = [cell for cell in source if _does_something(cell)]
    if len(code) != len(ran):
        said = f"The run has {len(ran)} code cells and the source {len(code)}; run the page again."
        raise RunError(said, STALE)
    by_id = {cell["id"]: cell for cell in ran}
    runs = {cell["id"]: by_id.get(cell["id"], same) for cell, same in zip(code, ran, strict=True)}
    cells = []
    for cell in source:
        if not _is_code(cell):
            cells.append({**cell, "source": words(text_of(cell))})
        elif cell["id"] in runs:
            code, run = text_of(cell), runs[cell["id"]]
            is_call = code.strip().splitlines()[-1].startswith("page.")  # its value is not shown
            kept = [out for out in run["outputs"] if not (is_call and out["output_type"] == "execute_result")]
            outputs = [shown for shown in map(output, kept) if shown is not None]
            metadata = {**cell["metadata"], "tags": [*cell["metadata"].get("tags", ()), *_look(code)]}
            merged = {"source": code, "outputs": outputs, "execution_count": run["execution_count"]}
            cells.append({**cell, "metadata": metadata, **merged})
    return cells


def _does_something(cell: Cell) -> bool:
    """Whether a cell is code and not comments alone: such a cell has no part in a run."""
    return _is_code(cell) and is_code(text_of(cell))


def text_of(cell: Cell) -> str:
    """Source of a cell as one text."""
    return "".join(cell["source"])


def shown_output(output: Cell, entries: dict[str, Entry]) -> Cell | None:
    """An output as the page shows it, or None; ``entries`` are the record's figures and tables by label."""
    data = output.get("data", {})
    text = "".join(data.get("text/markdown", ""))
    if placed := _PLACED.match(text):
        entry = entries.get(placed[2])
        if entry is None:
            raise RunError(f"The run shows {placed[2]!r}, which its record does not name.", STALE)
        return _markdown(_figure_text(entry) if placed[1] == "figure" else _table_text(entry, text))
    if box := _BOX.match(text.strip()):
        return _markdown(f"```{{{box[1]}}}\n{myst.replain(box[2])}\n```")
    plain = text or "".join(data.get("text/plain", output.get("text", "")))
    is_glued = "scrapbook" in output.get("metadata", {})
    if is_glued or not plain or output.get("name") == "stderr":
        return None
    return {"output_type": "stream", "name": "stdout", "text": plain}


def _figure_text(entry: Entry) -> str:
    """MyST text of a figure: picture, alt text, caption, and links to its data and pictures."""
    name, label = _name(entry["id"]), _name(entry["label"])
    files = entry.get("files", "csv svg png").split()
    links = [f"{{download}}`{word} <figures/{name}.{end}>`" for word, end in _FIGURE_FILES if end in files]
    return (
        f"```{{figure}} figures/{name}.svg\n:name: {label}\n:alt: {myst.quoted(entry['alt'])}\n:width: 100%\n"
        f"\n{entry['caption']}\n```\n\n{' · '.join(links)}\n"
    )


def _table_text(entry: Entry, text: str) -> str:
    """MyST text of a table: caption of today, the cells of ``text`` escaped again, a link to its data."""
    name, label = _name(entry["id"]), _name(entry["label"])
    lines = [line.strip() for line in text.splitlines() if line.lstrip().startswith("|")]
    for i, line in enumerate(lines):
        if not _RULE.fullmatch(line):
            cells = [myst.replain(found.strip()) or " " for found in _CELL.findall(line.rstrip("|"))]
            lines[i] = "| " + " | ".join(cells) + " |"
    shown = myst.box("table", entry["caption"], "\n".join(lines), name=label, widths="auto")
    cut = _CUT.search(text)
    return f"{shown}\n{cut[0] if cut else ''}{{download}}`data (CSV) <tables/{name}.csv>`\n"


def captions(source: list[Cell], executed: list[Cell], entries: list[Entry]) -> dict[str, Entry]:
    """Caption of each figure and table, by id, in the words of today; values of the run in it are escaped."""
    today, then = _wordings(source), _wordings(executed)
    texts = {entry["id"]: " ".join(entry["caption"].split()) for entry in entries}
    return {key: {"caption": _caption(today.get(key), then.get(key), text)} for key, text in texts.items()}


def quote(text: str, values: dict[str, Any], may_lack: Callable[[str], bool], page: str) -> str:
    """Put measured values where prose quotes them; a value of another page of the notebook is a dash."""

    def value(match: re.Match) -> str:
        key, _, style = match[1].partition(":")
        if values.get(key) is not None and values[key] == values[key]:
            if not style or isinstance(values[key], str):
                return myst.plain(values[key])
            number = _NO_SIGN.sub("", format(values[key], style))  # -0.00 is 0.00
            return number.replace("%", "\N{NO-BREAK SPACE}%")  # as in "the best 5 %"
        if key in values or may_lack(key):
            return "–"
        near = did_you_mean(key, values)
        raise RunError(f"The prose of {page} quotes {key!r}, which it did not measure. {near}", STALE)

    return _GLUE.sub(value, text)


def refer(text: str, labels: dict[str, str]) -> str:
    """Turn ``{numref}`curves``` into the label that the figure ``curves`` has in the whole book."""

    def label(match: re.Match) -> str:
        target = labels.get(match[2], match[2])
        return f"{{numref}}`{match[1]} <{target}>`" if match[1] else f"{{numref}}`{target}`"

    return _NUMREF.sub(label, text)


def _caption(new: ast.expr | None, old: ast.expr | None, of_run: str) -> str:
    """The caption of today: a literal as it is, an f-string with the values that the run put into it."""
    if isinstance(new, ast.Constant):
        return " ".join(new.value.split())
    if isinstance(new, ast.JoinedStr) and isinstance(old, ast.JoinedStr):
        pattern = "".join(re.escape(p) if is_text else "(.*?)" for is_text, p in _parts(old))
        match = re.fullmatch(pattern, of_run)
        keys = [part for is_text, part in _parts(old) if not is_text]
        values = dict(zip(keys, match.groups(), strict=True)) if match else {}
        if all(is_text or part in values for is_text, part in _parts(new)):
            parts = [
                p if is_text else myst.replain(_NO_SIGN.sub("", values[p])) for is_text, p in _parts(new)
            ]
            return " ".join("".join(parts).split())
    return myst.replain(of_run)


def _parts(node: ast.JoinedStr) -> list[tuple[bool, str]]:
    """Parts of an f-string: (True, text on one line) or (False, code of the value)."""
    parts = [(isinstance(part, ast.Constant), part) for part in node.values]
    return [(text, re.sub(r"\s+", " ", part.value) if text else ast.unparse(part)) for text, part in parts]


def _wordings(cells: list[Cell]) -> dict[str, ast.expr]:
    """Figure or table id to the expression that is its caption."""
    found: dict[str, ast.expr] = {}
    for call in (call for cell in filter(_is_code, cells) for call in _placings(text_of(cell))):
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        name = call.args[1] if len(call.args) > 1 else given.get("name")
        if isinstance(name, ast.Constant) and "caption" in given:
            found[name.value] = given["caption"]
    return found


def _placings(code: str) -> Iterator[ast.Call]:
    """Calls of ``page.figure`` and ``page.table`` in a cell."""
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except SyntaxError:
        return
    for node in nodes:
        is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if is_method and node.func.attr in ("figure", "table") and node.args:
            yield node


def _look(code: str) -> list[str]:
    """Hide a cell that only opens the page; fold one that places a figure or a table."""
    statements = [line for line in code.splitlines() if line.strip() and not line.startswith("#")]
    if all(line.startswith(("import ", "from ", "page = chapter.open_page(")) for line in statements):
        return ["remove-cell"]
    return ["hide-input"] if any(True for _ in _placings(code)) else []


def _markdown(text: str) -> Cell:
    return {"output_type": "display_data", "metadata": {}, "data": {"text/markdown": text}}


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise RunError(f"{name!r} is no name of a figure or a table.", STALE)
    return name


def _is_code(cell: Cell) -> bool:
    return cell["cell_type"] == "code"
