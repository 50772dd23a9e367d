"""Whether a run from elsewhere is a run of its page, as it was made, and shows only what pages show.

A page shows values, printed text, and MyST text with four kinds of boxes and links to its own files. Anything
else in a notebook that comes from elsewhere could run a script in the reader's browser or read a file here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from reread.book.status.run_record import NOTEBOOK, AlteredRunError, RunRecord
from reread.book.status.staleness import contradictions, is_finished
from reread.core.errors import ExitCode, RunError
from reread.core.files import read_json
from reread.pages import PageRef

KINDS = ("stream", "display_data", "execute_result")
MIMES = ("text/plain", "text/markdown", "image/png")
BOXES = ("figure", "table", "note", "warning")
OWN_FILE = re.compile(r"(?:[^`<>]*<)?(?:figures|tables)/[a-z0-9-]+\.(?:csv|svg|png)>?")
DIRECTIVE = re.compile(r"^[ \t>]*(?:`{3,}|~{3,}|:{3,})[ \t]*\{([^}]*)\}[ \t]*(.*)$", re.MULTILINE)
ROLE = re.compile(r"\{([A-Za-z][^}\s]*)\}(`+)([^`]*)`")
# a tag, a comment or a link with a scheme; a backslash before the sign makes it text
MARKUP = re.compile(r"(?<!\\)<[A-Za-z/!?]|\]\(\s*[a-z]+:|\b(?:javascript|data|file):\S", re.IGNORECASE)
LINK = re.compile(r"\{download\}`[^`]*`")


def checked(ref: PageRef, folder: Path, may_lack: Callable[[str], bool]) -> RunRecord:
    """The record of a run that lies in ``folder``, after every check that needs nothing of today's code."""
    try:
        record = RunRecord.read(folder, may_lack=may_lack)
    except AlteredRunError as error:
        raise RunError(f"was altered: {', '.join(error.names)}", ExitCode.STALE) from None
    except RunError as error:
        said = str(error).partition(f"{folder}/")[2].partition("\n")[0]
        raise RunError(said, ExitCode.STALE) from None
    if wrong := ", ".join(contradictions(ref, record, folder)):
        raise RunError(f"was altered: {wrong}", ExitCode.STALE)
    if not is_finished(folder / NOTEBOOK):
        raise RunError("is hollow: a cell did not run", ExitCode.STALE)
    if alien := next(alien_outputs(folder / NOTEBOOK), ""):
        raise RunError(alien, ExitCode.STALE)
    return record


def alien_outputs(notebook: Path) -> Iterator[str]:
    """Name each output of a notebook that no page of this library would have left."""
    for number, cell in enumerate(read_json(notebook)["cells"], 1):
        for output in cell.get("outputs", ()):
            for what in _alien(output):
                yield f"shows what no page shows, in cell {number} of {notebook.name}: {what}"


def _alien(output: dict[str, Any]) -> Iterator[str]:
    from reread.core.show import PREFIX  # it loads numpy, which `reread status` does without

    kind = output.get("output_type")
    if kind not in KINDS:
        yield f"an output of type {kind!r:.60}"
    for mime, content in output.get("data", {}).items():
        if mime not in MIMES and mime != f"{PREFIX}text/plain":
            yield f"content of type {mime!r:.60}"
        elif mime == "text/markdown":
            yield from _alien_text("".join(content))


def _alien_text(text: str) -> Iterator[str]:
    for kind, argument in DIRECTIVE.findall(text):
        if kind not in BOXES or (kind == "figure" and not OWN_FILE.fullmatch(argument)):
            yield f"the box {kind!r:.60} {argument!r:.60}"
    for name, _, target in ROLE.findall(text):
        if name == "download" and not OWN_FILE.fullmatch(target):
            yield f"a link to {target!r:.60}"
        elif name not in ("download", "numref", "math"):
            yield f"the role {name!r:.60}"
    for found in MARKUP.findall(LINK.sub("", text)):
        yield f"markup {found!r}"
