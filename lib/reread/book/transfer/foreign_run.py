"""Whether a run from elsewhere is a run of its page, as it was made, and shows only what pages show.

A page shows values, printed text, and MyST text with four kinds of boxes and links to its own files. Anything
else in a notebook that comes from elsewhere could run a script in the reader's browser or read a file here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from reread.book.status.run_record import NOTEBOOK, AlteredRunError, RunRecord
from reread.book.status.staleness import contradictions, is_finished
from reread.core.errors import RunError
from reread.core.files import read_json
from reread.pages import PageRef

_KINDS = ("stream", "display_data", "execute_result")
_MIMES = ("text/plain", "text/markdown", "image/png")
_BOXES = ("figure", "table", "note", "warning")
_OWN_FILE = re.compile(r"(?:[^`<>]*<)?(?:figures|tables)/[a-z0-9-]+\.(?:csv|svg|png)>?")
_DIRECTIVE = re.compile(r"^[ \t>]*(?:`{3,}|~{3,}|:{3,})[ \t]*\{([^}]*)\}[ \t]*(.*)$", re.MULTILINE)
_ROLE = re.compile(r"\{([A-Za-z][^}\s]*)\}(`+)([^`]*)`")
# a tag, a comment or a link with a scheme; a backslash before the sign makes it text
_MARKUP = re.compile(r"(?<!\\)<[A-Za-z/!?]|\]\(\s*[a-z]+:|\b(?:javascript|data|file):\S", re.IGNORECASE)
_LINK = re.compile(r"\{download\}`[^`]*`")


def checked(ref: PageRef, folder: Path, may_lack: Callable[[str], bool]) -> tuple[RunRecord | None, str]:
    """The record of the run in ``folder``, or why it is refused; no check needs anything of today's code."""
    try:
        record = RunRecord.read(folder, may_lack=may_lack)
    except AlteredRunError as error:
        return None, f"was altered: {', '.join(error.names)}"
    except RunError as error:
        return None, str(error).partition(f"{folder}/")[2].partition("\n")[0]
    if wrong := ", ".join(contradictions(ref, record, folder)):
        return None, f"was altered: {wrong}"
    if not is_finished(folder / NOTEBOOK):
        return None, "is hollow: a cell did not run"
    alien = next(_alien_outputs(folder / NOTEBOOK), "")
    return (None if alien else record), alien


def _alien_outputs(notebook: Path) -> Iterator[str]:
    """Name each output of a notebook that no page of this library would have left."""
    from reread.core.show import PREFIX  # it loads numpy, which `reread status` does without

    for number, cell in enumerate(read_json(notebook)["cells"], 1):
        where = f"shows what no page shows, in cell {number} of {notebook.name}"
        for output in cell.get("outputs", ()):
            if (kind := output.get("output_type")) not in _KINDS:
                yield f"{where}: an output of type {kind!r:.60}"
            for mime, content in output.get("data", {}).items():
                if mime not in (*_MIMES, f"{PREFIX}text/plain"):
                    yield f"{where}: content of type {mime!r:.60}"
                elif mime == "text/markdown":
                    yield from (f"{where}: {what}" for what in _alien_text("".join(content)))


def _alien_text(text: str) -> Iterator[str]:
    for kind, argument in _DIRECTIVE.findall(text):
        if kind not in _BOXES or (kind == "figure" and not _OWN_FILE.fullmatch(argument)):
            yield f"the box {kind!r:.60} {argument!r:.60}"
    for name, _, target in _ROLE.findall(text):
        if name == "download" and not _OWN_FILE.fullmatch(target):
            yield f"a link to {target!r:.60}"
        elif name not in ("download", "numref", "math"):
            yield f"the role {name!r:.60}"
    for found in _MARKUP.findall(_LINK.sub("", text)):
        yield f"markup {found!r}"
