"""One page about one run, ``index.html`` in its folder: what came out and what moved, without network."""

import html
import re
from base64 import b64encode
from pathlib import Path

from reread.book.site.merge_cells import quote, text_of
from reread.book.status.difference import HEAD, MANY, Change
from reread.book.status.run_record import INDEX, NOTEBOOK, RunRecord
from reread.core.files import read_json, write_text
from reread.pages import PageRef

_ROLE = re.compile(r"\{[\w:]+\}`([^`<]*?)\s*(?:<[^`>]*>)?`")
# nothing of a run is markup here, and what yet slipped through could load and run nothing
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>body{{font:17px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;
padding:0 1rem;color:#1b1b1b}}
figure{{margin:2rem 0}}img{{width:100%;background:#fff}}figcaption{{color:#444}}
table{{border-collapse:collapse}}
td,th{{padding:.2rem .8rem .2rem 0;border-bottom:1px solid #ccc;text-align:right}}
td:first-child,th:first-child{{text-align:left}}.answer{{border-left:4px solid #0072b2;padding-left:1rem}}
.wide{{overflow-x:auto}}
@media(prefers-color-scheme:dark){{body{{background:#16181c;color:#eee}}figcaption{{color:#bbb}}}}
</style></head>
<body><main><h1>{title}</h1>
{body}
</main></body></html>
"""


def answer(folder: Path, record: RunRecord) -> str:
    """The answer to the question of the page with the numbers of this run; empty where it gives none."""
    cells = read_json(folder / NOTEBOOK)["cells"]
    text = next((text_of(cell) for cell in cells if cell.get("id") == "answer"), "")
    return plain_words(quote(text, record.values, lambda key: True, record.chapter))


def plain_words(text: str) -> str:
    """MyST text as words: roles, emphasis and escapes of signs undone."""
    text = html.unescape(_ROLE.sub(r"\1", text))
    return re.sub(r"[ \n]+", " ", re.sub(r"[*`]+", "", text)).strip()  # spaces that keep 5 % together stay


def write(ref: PageRef, folder: Path, record: RunRecord, moved: list[Change], said: str) -> Path:
    """Write the page of a run and return its path."""
    named = f"{ref.chapter.title}: own files" if record.scope == "own" else ref.title
    title = html.escape(f"{named} ({ref.study.title})")
    rows = "".join(f"<tr>{_cells('td', row.cells())}</tr>" for row in moved[:MANY])
    table = f"<table><tr>{_cells('th', HEAD)}</tr>{rows}</table>" if rows else ""
    values = "".join(f"<tr>{_cells('td', [k, str(v)])}</tr>" for k, v in record.parameters.items())
    answered = html.escape(answer(folder, record))
    parts = [
        f"<p>{html.escape(ref.chapter.question)}</p>",
        f'<p class="answer">{answered}</p>' if answered else "",
        f"<p>{html.escape(said)}</p>",
        f'<div class="wide">{table}</div>',
        *(figure(folder, entry["id"], entry["caption"], entry["alt"]) for entry in record.figures),
        f"<h2>Parameters of this run</h2><table>{values}</table>",
    ]
    body = "\n".join(filter(None, parts))
    return write_text(folder / INDEX, _PAGE.format(title=title, body=body))


def _cells(tag: str, texts) -> str:
    return "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in texts)


def figure(folder: Path, name: str, caption: str, alt: str) -> str:
    """A picture as data of the page: what an SVG holds is drawn and never run."""
    data = b64encode((folder / "figures" / f"{name}.svg").read_bytes()).decode()
    words = html.escape(plain_words(caption))
    picture = f'<img src="data:image/svg+xml;base64,{data}" alt="{html.escape(alt)}">'
    return f"<figure>{picture}<figcaption>{words}</figcaption></figure>"
