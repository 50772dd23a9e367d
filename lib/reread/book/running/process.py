"""The process that executes a notebook, watched cell by cell and ended with all it started; its output."""

import ast
import json
import math
import re
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import groupby
from pathlib import Path

from reread.book.running import environment, kernel, progress, stopping
from reread.book.status import staleness
from reread.book.status.fingerprint import cells_of
from reread.core.errors import ExitCode, RunError
from reread.core.files import write_text
from reread.pages import PageRef

# what scrapbook decodes as a value, and a prefix that it passes over
SCRAP, GLUED = "application/scrapbook.scrap.json+json", "application/vnd.reread.glue/"
_POLL_S = 0.1
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_ADDED = {"injected-parameters", "papermill-error-cell-tag", "papermill-error-link-tag"}


def execute(
    ref: PageRef,
    part: Path,
    *,
    key: str = "",
    timeout_s: float | None = None,
    threads: int = 1,
    say: Callable[[str], None] = print,
    usual: float | None = None,
) -> int:
    """Execute the notebook of a page with ``part/parameters.yml`` into ``part``; return papermill's code.

    Says each cell as it starts, and now and then how far it is, until the process ends or its time is over.
    ``usual`` is how many seconds the page took last time.
    """
    part = part.resolve()
    (part / environment.HOME).mkdir(exist_ok=True)
    env, arguments = environment.of_page(ref, part, key, threads), [str(ref.notebook), str(part)]
    titles = []  # in papermill's count: the cell that it injects comes after the parameters
    for cell in cells_of(ref.notebook):
        titles += [_about(cell["source"])]
        titles += ["the parameters of this page"] if "parameters" in cell["tags"] else []
    deadline, rest, log = time.monotonic() + (timeout_s or math.inf), "", part / "log"
    if kernel.PREPARED:  # forked from the server of this build, else started afresh
        log.touch()
        child = kernel.PREPARED.pop().tell(json.dumps([arguments, env]))
    else:
        child = stopping.start([*environment.PYTHON, kernel.__name__, *arguments], log, env, part)
    cells = progress.Cells(titles, say, usual)
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            while True:
                # asked before the last look, so that what happens in between is still said
                code = child.poll()
                whole, _, rest = (rest + lines.read()).rpartition("\n")
                cells.hear(whole)
                if code is not None:
                    return code
                if time.monotonic() > deadline:
                    said = f"{ref.name} ran longer than {timeout_s:g} s and was stopped."
                    raise RunError(said, ExitCode.TIMEOUT)
                time.sleep(_POLL_S)
    finally:
        cells.wipe()
        child.send_signal(stopping.KILL)
        stopping.end_all_of(part)
        child.wait()


def failure_of(path: Path) -> tuple[str, str, str] | None:
    """Cell, name and message of the first error of an executed notebook; None where there is none to tell."""
    for source, error in staleness.errors(staleness.code_cells(path)):
        return _about(source), error["ename"], _ANSI.sub("", error["evalue"])
    return None


def sources(path: Path) -> list[tuple[str, str]]:
    """Type and source of each cell, without what papermill adds."""
    return [(cell["cell_type"], cell["source"]) for cell in cells_of(path) if not _ADDED & {*cell["tags"]}]


def last_lines(log: Path, count: int) -> str:
    """The last lines of a log that say something."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    lines = [line.rstrip() for line in _ANSI.sub("", text).splitlines() if line.strip()]
    return "\n".join(lines[-count:]) or "(it said nothing)"


def tidy(path: Path) -> None:
    """Take times, paths, random ids and the error stream out of an executed notebook, in place."""
    import nbformat

    found = nbformat.read(path, as_version=4)
    injected = found.metadata.get("papermill", {}).get("parameters", {})
    found.metadata["papermill"] = {"parameters": injected}
    found.cells = [one for one in found.cells if "papermill-error" not in str(one.metadata.get("tags"))]
    for cell in found.cells:
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell["id"] = "injected-parameters"
        status = cell.metadata.pop("papermill", {}).get("status")
        cell.metadata.pop("execution", None)
        if status:
            cell.metadata["papermill"] = {"status": status}
        if cell.cell_type == "code":
            kept = [_readable(out) for out in cell.outputs if out.get("name") != "stderr"]
            cell.outputs = []
            # neighbouring pieces of printed text become one: where it is cut is a matter of timing
            for is_text, group in groupby(kept, lambda out: out.output_type == "stream"):
                first, *others = group
                if is_text:
                    first.text += "".join(out.text for out in others)
                cell.outputs += [first] if is_text else [first, *others]
    write_text(path, json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def _readable(output: dict) -> dict:
    """An output; a measured value as a scrap that scrapbook reads, beside the text that ``glue`` reads."""
    from reread.core.show import PREFIX

    about = output.get("metadata", {}).get("scrapbook", {})
    text = output.get("data", {}).get(f"{PREFIX}text/plain")
    if about.get("mime_prefix") != PREFIX or text is None:
        return output
    with suppress(ValueError, SyntaxError):  # NaN and infinity, which JSON cannot hold, are left to the text
        scrap = {"name": about["name"], "data": ast.literal_eval(text), "encoder": "json", "version": 1}
        output["data"][SCRAP] = scrap
    output["data"][f"{GLUED}text/plain"] = output["data"].pop(f"{PREFIX}text/plain")
    about["mime_prefix"] = GLUED
    return output


def _about(source: str) -> str:
    """First line of a cell that says something."""
    return next((line.strip() for line in source.splitlines() if line.strip()), "")[:60]
