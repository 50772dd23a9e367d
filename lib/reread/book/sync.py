"""Write the parameter cells of the notebooks from the records, and keep the notebooks clean."""

import json
from pathlib import Path
from typing import Any

from reread.core import paths as places
from reread.core.errors import ParameterError
from reread.core.files import read_json, write_text
from reread.studies import TYPES, Chapter, Parameter, Value, every, find

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def sync(study: str = "", *, check: bool = False) -> list[str]:
    """Bring each notebook in line with its record, or with ``check`` only say which differs, and in what."""
    differences = []
    for record in [find(study)] if study else every():
        for chapter in record.chapters:
            path = places.root() / "chapters" / record.key / f"{chapter.key}.ipynb"
            before = path.read_text(encoding="utf-8") if path.is_file() else ""
            after = _synced(path, chapter)
            if before != after:
                differences.append(f"{path.relative_to(places.root())}: {_what(before, chapter)}")
                if not check:
                    write_text(path, after)
    return differences


def parameter_cell(chapter: Chapter, values: dict[str, Value] | None = None) -> str:
    """Source of the cell tagged ``parameters``, one line a parameter; by default of the first demo page."""
    of_demo = [key for key, page in chapter.pages.items() if "demo" in page.profiles]
    first = next(iter([*of_demo, *chapter.pages]), "")
    values = values or chapter.fitting(chapter.values("demo", first))
    return "\n".join(_line(name, p, values[name]) for name, p in chapter.parameters.items())


def _synced(path: Path, chapter: Chapter) -> str:
    """Text of the notebook as it should be stored: layout, ids and metadata fixed, no outputs."""
    whole = _read(path, chapter)
    tagged = [cell for cell in whole["cells"] if "parameters" in _tags(cell)]
    if len(tagged) != 1:
        raise ParameterError(f"{path} must have one cell tagged 'parameters', but has {len(tagged)}.")
    tagged[0]["source"] = parameter_cell(chapter)
    taken: set[str] = set()
    cells = [_clean(cell, number, taken) for number, cell in enumerate(whole["cells"])]
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    clean = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(clean, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _read(path: Path, chapter: Chapter) -> dict[str, Any]:
    """A notebook as it lies on disk: nbformat would give cells without an id another one at each reading."""
    if not path.is_file():
        raise ParameterError(f"Chapter {chapter.key} has no notebook {path}.")
    try:
        whole = read_json(path)
        cells = [[cell[part] for part in ("cell_type", "metadata", "source")] for cell in whole["cells"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ParameterError(f"{path} is not a notebook: {error!r}.\nRestore it from git.") from None
    if not cells:
        raise ParameterError(f"{path} is a notebook without cells.\nRestore it from git.")
    return whole


def _clean(cell: dict[str, Any], number: int, taken: set[str]) -> dict[str, Any]:
    """One cell without outputs, with no metadata but tags, and with an id of its own that stays."""
    key = cell.get("id") or f"cell-{number}"
    key = key if key not in taken else f"{key}-{number}"
    taken.add(key)
    source = "".join(cell["source"]).rstrip().splitlines(keepends=True)
    metadata = {"tags": _tags(cell)} if _tags(cell) else {}
    clean = {"cell_type": cell["cell_type"], "id": key, "metadata": metadata, "source": source}
    return clean | ({"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {})


def _tags(cell: dict[str, Any]) -> list[str]:
    return cell["metadata"].get("tags", [])


def _line(name: str, parameter: Parameter, value: Value) -> str:
    """``epochs: int = 30  # how long it is trained, passes over the pairs``.

    One word as type and one equals sign: papermill's reader of this cell sees nothing else.
    """
    said = parameter.help + (f", {parameter.unit}" if parameter.unit else "")
    said += f" ({', '.join(parameter.choices)})" if parameter.choices else ""
    shown = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
    return f"{name}: {TYPES[parameter.type].__name__} = {shown}  # {said}"


def _what(before: str, chapter: Chapter) -> str:
    """What is wrong with a notebook, in a few words."""
    cells = json.loads(before)["cells"]
    cell = next(cell for cell in cells if "parameters" in _tags(cell))
    if "".join(cell["source"]) != parameter_cell(chapter):
        return "its parameter cell differs from study.yml"
    if any(cell.get("outputs") or cell.get("execution_count") for cell in cells):
        return "it holds outputs"
    return "its layout or metadata differ"
