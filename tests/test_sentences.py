"""Sentences as a reader sees them: with the numbers of the recorded runs, in good grammar.

``python tests/test_sentences.py`` prints every sentence of the recorded and the finished runs, with its page.
A recorded run that is outdated shows the sentences of its time, so it is not judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from reread import studies
from reread.book import transfer
from reread.book.site import chapter_page
from reread.book.status.staleness import SHOWN, Shelf, Status
from reread.pages import PageRef, pages

NUMBER_WORDS = "one|two|three|four|five|six|seven|eight|nine|ten"
# what numbers make of a sentence that was written for other numbers
KINDS = {
    "one of many": re.compile(
        r"(?<![\w.,-])(?<!of )(?<!to )1 (?!(?:is|was|has|as|gives|plus|minus|\w+ss)\b)[a-z]+s\b"
    ),
    "one and a plural verb": re.compile(r"(?<![\w.,-])(?<!of )1 (?:are|have|were|do)\b"),
    "a figure of a word": re.compile(rf"\b\d+ of (?:{NUMBER_WORDS})\b"),
    "nothing as a bound": re.compile(r"\b0\.0{4,}(?!\d)|\b(?:at most|below|above 0|within) 0\.0+(?!\d)"),
    "zero with a sign": re.compile(r"(?<![\w.^)}])[-+−]0(?:\.0+)?%?(?!\w|\.\d)"),
    "no number": re.compile(r"\b(?:nan|inf|NaN)\b"),
    "a word twice": re.compile(r"\b([A-Za-z]{2,}) \1\b", re.IGNORECASE),
    "a clause twice": re.compile(r"\b((?:[\w²-]+ ){6}[\w²-]+)\b.*\b\1\b"),
    "digits that say nothing": re.compile(r"\d\.(?!0*1\b)\d{7,}"),  # a tolerance is 0.000000000001
    "thousands without a comma": re.compile(r"(?<![\w.,/-])\d{5,}(?![\w-])"),
}
IN_TABLES = ("zero with a sign", "no number", "digits that say nothing")
TERM = re.compile(r"\{term\}`([^`<]*?)(?: <[^>]*>)?`")
FENCED = re.compile(r"^```[a-z]+\n.*?^```|^[`:]{3,}[^\n]*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"\$\$.*?\$\$|\{[a-z:]+\}`[^`]*`|`+[^`]*`+|\$[^$\n]*\$", re.DOTALL)
CAPTION = re.compile(r"^`{3,}\{(?:figure|table)\}([^\n]*)\n(.*?)^`{3,}", re.MULTILINE | re.DOTALL)
END = re.compile(r"(?<=[.!?:;])[)*_]*\s+(?=[A-Z*_(\d])")


def shelf_of(folder: Path) -> Shelf:
    """Recorded runs, unpacked into an empty folder, and the finished runs at hand."""
    status = Status()
    transfer.adopt_recorded(status, folder)
    every = [ref for profile in SHOWN for ref in pages(profile)]
    is_shown = [status.state(ref).word == "fresh" for ref in every]
    return Shelf(tuple(ref for ref, shown in zip(every, is_shown, strict=True) if shown), (), status)


def sentences(shelf: Shelf, ref: PageRef) -> Iterator[str]:
    """Sentences of a page: prose, captions, boxes and alt texts, with the numbers of its run."""
    texts = [entry["caption"] for entry in chapter_page.figures(shelf, ref)]
    # an alt text lists its lines, separated by semicolons
    yield from (part for entry in chapter_page.figures(shelf, ref) for part in entry["alt"].split("; "))
    for cell in chapter_page._merged(shelf, ref):
        shown = ["".join(out["data"]["text/markdown"]) for out in cell.get("outputs", ()) if "data" in out]
        texts += [CAPTION.sub(r"\1", one) for one in shown]
        texts += [cell["source"]] if cell["cell_type"] == "markdown" else []
    for text in texts:
        plain = re.sub(r"^\|.*$", "", TERM.sub(r"\1", FENCED.sub("", text)), flags=re.MULTILINE)
        plain = CODE.sub("…", plain).replace("\N{NO-BREAK SPACE}", " ")
        for block in re.split(r"\n\s*\n|\n\s*(?:[-*#]+|\d+\.) ", plain):
            yield from filter(None, END.split(" ".join(block.split())))


def cells(shelf: Shelf, ref: PageRef) -> Iterator[str]:
    """Cells of the tables of a page."""
    for cell in chapter_page._merged(shelf, ref):
        for out in cell.get("outputs", ()):
            rows = re.findall(r"^\|.*$", "".join(out.get("data", {}).get("text/markdown", "")), re.MULTILINE)
            yield from (one.strip() for row in rows for one in row.split("|"))


def wrong(text: str, kinds: tuple[str, ...] = tuple(KINDS)) -> list[str]:
    """What is wrong in a sentence."""
    return [kind for kind in kinds if KINDS[kind].search(text)]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Shelf:
    return shelf_of(tmp_path_factory.mktemp("recorded"))


@pytest.mark.parametrize("study", [study.key for study in studies.every()])
def test_numbers_of_recorded_runs_make_good_sentences(shelf, study):
    refs = shelf.of(study, "real")
    if not refs:
        pytest.skip("every recorded run of this study is outdated")
    tables = partial(wrong, kinds=IN_TABLES)
    found = [
        (ref.name, kinds, text) for ref in refs for text in sentences(shelf, ref) if (kinds := wrong(text))
    ]
    found += [
        (ref.name, kinds, cell) for ref in refs for cell in cells(shelf, ref) if (kinds := tables(cell))
    ]

    assert found == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("MYCN has 1 genes with an attribution.", "one of many"),
        ("Of 2 drugs, 1 have a target.", "one and a plural verb"),
        ("The value is of 5 of five folds.", "a figure of a word"),
        ("Distances differ by at most 0.0000.", "nothing as a bound"),
        ("The mean is -0.00.", "zero with a sign"),
        ("The p value is nan.", "no number"),
        ("The mean of of a drug.", "a word twice"),
        (
            "One is lower than that of the components, two is lower than that of the components.",
            "a clause twice",
        ),
        ("The correlation is 0.12345678.", "digits that say nothing"),
        ("There are 45741 genes.", "thousands without a comma"),
    ],
)
def test_the_search_itself_sees_a_wrong_sentence(text, kind):
    assert kind in wrong(text)


@pytest.mark.parametrize(
    "text",
    [
        "Of 12 genes, 1 of 2 is known, and class 1 is first.",
        "The interval is -0.05 to 0.02 with 1 class, and 1 gene has rank 1.",
        "All 45,741 genes of GSE144136 in 2 of 5 folds.",
        "0 against 0: off by 0, allowed 0.000000000001",
    ],
)
def test_a_good_sentence_passes(text):
    assert wrong(text) == []


if __name__ == "__main__":
    with TemporaryDirectory() as unpacked:
        here = shelf_of(Path(unpacked))
        for ref in here.pages:
            print(f"\n## {ref.profile} {ref.name}")
            for text in dict.fromkeys(sentences(here, ref)):
                print(", ".join(wrong(text)) and f"[{', '.join(wrong(text))}]", text)
