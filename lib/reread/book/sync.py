"""Write the parameter cells of the notebooks from the records, and keep the notebooks clean."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat

from reread.core import places
from reread.core.errors import ParameterError
from reread.core.files import write_text
from reread.studies import TYPES, Chapter, Parameter, Study, every, find


def sync(study: str = "", *, check: bool = False) -> list[str]:
    """Bring each notebook in line with its record; with ``check``, only say what differs.

    Parameters
    ----------
    study : str
        One study only; all when empty.
    check : bool
        Change nothing.

    Returns
    -------
    list of str
        A line for each notebook that differed: its path and what was wrong.

    Raises
    ------
    ParameterError
        If a notebook is missing, or has not exactly one cell tagged ``parameters``.
    """
    differences = []
    for record in [find(study)] if study else every():
        for chapter in record.chapters:
            path = notebook_path(record, chapter)
            before = path.read_text(encoding="utf-8") if path.is_file() else ""
            after = synced(path, chapter)
            if before != after:
                differences.append(f"{path.relative_to(places.root())}: {_what(before, chapter)}")
                if not check:
                    write_text(path, after)
    return differences


def notebook_path(study: Study, chapter: Chapter) -> Path:
    """Where the notebook of a chapter lies."""
    return places.root() / "chapters" / study.key / f"{chapter.key}.ipynb"


def parameter_cell(chapter: Chapter) -> str:
    """Source of the cell tagged ``parameters``: one line a parameter, values of the demo profile."""
    values = chapter.values("demo", next(iter(chapter.pages), ""))
    return "\n".join(_line(name, p, values[name]) for name, p in chapter.parameters.items())


def synced(path: Path, chapter: Chapter) -> str:
    """Text of the notebook as it should be stored.

    Raises
    ------
    ParameterError
        As :func:`sync`.
    """
    if not path.is_file():
        raise ParameterError(f"Chapter {chapter.key} has no notebook {path}.")
    found = nbformat.read(path, as_version=4)
    tagged = [cell for cell in found.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise ParameterError(f"{path} must have one cell tagged 'parameters', but has {len(tagged)}.")
    tagged[0].source = parameter_cell(chapter)
    found.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in found.cells:
        cell.metadata = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _line(name: str, parameter: Parameter, value: object) -> str:
    """``epochs: int = 30  # how long it is trained, passes over the pairs``.

    One word as type and one equals sign: papermill's reader of this cell sees nothing else.
    """
    said = parameter.help + (f", {parameter.unit}" if parameter.unit else "")
    said += f" ({', '.join(parameter.choices)})" if parameter.choices else ""
    return f"{name}: {TYPES[parameter.type].__name__} = {value!r}  # {said}".replace("'", '"')


def _what(before: str, chapter: Chapter) -> str:
    """What is wrong with a notebook, in a few words."""
    cells = nbformat.reads(before, as_version=4).cells
    cell = next(cell for cell in cells if "parameters" in cell.metadata.get("tags", []))
    if cell.source != parameter_cell(chapter):
        return "its parameter cell differs from study.yml"
    if any(cell.get("outputs") or cell.get("execution_count") for cell in cells):
        return "it holds outputs"
    return "its layout or metadata differ"
