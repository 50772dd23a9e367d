"""Slides of a workshop, a file for each chapter: six slides from the question to an exercise."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from markdown_it import MarkdownIt

from reread.book.site import run_view
from reread.book.site.merge_cells import captions, quote, text_of
from reread.book.status.regression import Reference, reference_path
from reread.book.status.run_record import NOTEBOOK, RunRecord
from reread.book.status.staleness import Shelf, Status
from reread.book.transfer import adopt_recorded
from reread.book.workshop.content import DIRECTIONS, Lesson, find, first_page, task
from reread.core.files import read_json
from reread.core.records import read_record
from reread.pages import PageRef, pages

_CHOICE = f"On simulated data. Your prediction: {', '.join(DIRECTIONS)}?"
_CUT = "The page of the chapter has the whole table."
_ROWS, _COLUMNS = 8, 8  # of a table
_ON = {"real": "real data", "paper": "the published data", "demo": "simulated data"}
# no script: space bar and arrow keys turn the slides, and each prints on a page of its own
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>html{{scroll-snap-type:y mandatory;font:clamp(16px,2.8vmin,44px)/1.45 system-ui,sans-serif}}
body{{margin:0;color:#1b1b1b;background:#fff}}
section{{box-sizing:border-box;min-height:100vh;padding:4vmin 8vmin 9vmin;display:flex;flex-direction:column;
justify-content:center;position:relative;scroll-snap-align:start;break-after:page}}
footer{{position:absolute;left:8vmin;bottom:3vmin;font-size:.7rem;color:#555}}
h1{{font-size:2.4rem;line-height:1.15;margin:0}}h2{{font-size:1.3rem;margin:0 0 1rem;color:#00527f}}
p{{font-size:1.5rem;max-width:50rem;margin:.6rem 0}}p.more{{font-size:1rem;color:#444}}
figure{{margin:0}}img{{width:100%;height:62vh;object-fit:contain}}
figcaption{{font-size:.9rem;color:#444;max-width:70rem;margin:1rem auto 0}}
table{{border-collapse:collapse;line-height:1.25}}td,th{{padding:.35em 1.2em .35em 0;text-align:left;
border-bottom:1px solid #bbb}}.wide{{overflow-x:auto}}
code{{font-size:1rem;overflow-wrap:anywhere;background:#eef3f6;padding:.5rem .8rem;display:block}}
@page{{size:320mm 180mm;margin:0}}@media print{{section{{height:180mm;min-height:0}}img{{height:110mm}}}}
</style></head>
<body>
{slides}
</body></html>
"""


def of_study(study: str, say: Callable[[str], None] = print) -> dict[str, str]:
    """Slides of all lessons, by file name, with the numbers of the best run at hand, or of the reference."""
    status, lessons = Status(), find(study).chapters
    with TemporaryDirectory() as folder:
        adopt_recorded(status, Path(folder))
        refs = [ref for on in ("real", "demo") for ref in pages(on, study)]
        ran = [
            ref
            for ref in refs
            if status.state(ref).word == "fresh" or (ref.profile, ref.name) in status.recorded
        ]
        best = {
            key: next((r for r in ran if r.chapter.key == key), first_page(study, key)) for key in lessons
        }
        if lacking := [key for key, ref in best.items() if ref not in ran]:
            said = f"There is no run of {', '.join(lacking)}, so their slides lack figure and table."
            say(f"{said} Run:  reread build --study {study} --no-site")
        shelf = Shelf(tuple(ran), (), status)
        return {f"{key}.html": _chapter(shelf, best[key], one) for key, one in lessons.items()}


def _chapter(shelf: Shelf, ref: PageRef, lesson: Lesson) -> str:
    record = shelf.record(ref) if ref in shelf.pages else None
    page = ref.name.partition("/")[2]
    reference = read_record(reference_path(ref.study, "demo"), Reference)
    values = record.values if record else reference.pages[page]
    texts = {cell["id"]: text_of(cell) for cell in read_json(ref.notebook)["cells"]}
    said = run_view.plain_words(quote(texts["answer"], values, lambda key: True, ref.name))
    answer, _, limitation = said.partition("Limitation. ")
    title, asked = html.escape(ref.chapter.title), html.escape(ref.chapter.question)
    one = task(f"{ref.study.key}/{ref.chapter.key}", 1)
    learn = f"{lesson.minutes} minutes. You will learn {lesson.learn}."
    slides = [
        f"<h1>{title}</h1><p>{asked}</p>{_more(learn)}",
        f"<h2>Answer</h2><p>{html.escape(answer)}</p>",
        *(_shown(shelf.folder(ref), ref, record) if record else ()),
        f"<h2>Limitation</h2><p>{html.escape(limitation)}</p>",
        f"<h2>Exercise</h2><p>{html.escape(one.exercise.ask)}</p>{_more(_CHOICE)}"
        f"<code>{html.escape(one.command)}</code>",
    ]
    old = ", outdated" if record and shelf.moved(ref) else ""
    foot = f"{title} · numbers of {_ON[ref.profile]}, {page}{old}"
    body = (f"<section>{slide}<footer>{foot} · {n}</footer></section>" for n, slide in enumerate(slides, 1))
    return _PAGE.format(title=title, slides="\n".join(body))


def _shown(folder: Path, ref: PageRef, record: RunRecord) -> Iterator[str]:
    """The first figure and the first table of a run, with the captions of today."""
    cells = read_json(folder / NOTEBOOK)["cells"]
    shown = [*record.figures[:1], *record.tables[:1]]
    said = captions(read_json(ref.notebook)["cells"], cells, shown)
    for entry in record.figures[:1]:
        yield run_view.figure(folder, entry["id"], said[entry["id"]]["caption"], entry["alt"])
    for entry in record.tables[:1]:
        outputs = (output.get("data", {}) for cell in cells for output in cell.get("outputs", ()))
        texts = ("".join(data.get("text/markdown", "")) for data in outputs)
        text = next(text for text in texts if f":name: {entry['label']}\n" in text)
        caption = html.escape(run_view.plain_words(said[entry["id"]]["caption"]))
        yield f"<h2>{caption}</h2>{_table(text)}"


def _table(text: str) -> str:
    """The first rows and columns of a table as HTML, in letters so small that they fit."""
    rows = [line.strip().strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    shown = [row[:_COLUMNS] for row in rows[: _ROWS + 2]]
    is_cut = shown != rows or "rows are shown" in text
    # a cell has one line, a head as many as it has words
    columns = ((*head.split(), *cells) for head, _, *cells in zip(*shown, strict=True))
    wide = sum(2 + max(len(html.unescape(one.strip())) for one in column) for column in columns)
    table = MarkdownIt("js-default").render("\n".join(f"|{'|'.join(row)}|" for row in shown))
    size = min(0.8, 75 / wide)
    return f'<div class="wide" style="font-size:{size:.2f}rem">{table}</div>{_more(_CUT) if is_cut else ""}'


def _more(text: str) -> str:
    return f'<p class="more">{html.escape(text)}</p>'
