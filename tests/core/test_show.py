"""Text, tables and boxes as the book and as Jupyter show them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core import show

ALT = "Line chart of plant height against days: it doubles within ten days."
LIVE = [
    "<script>X</script>",
    "<img src=x onerror=X>",
    "{download}`x </../../../secret.txt>`",
    "$x$",
    "*a*",
    "_a_",
    "[a](javascript:X)",
    "![a](b)",
    "{{ a }}",
    "{.class}",
    "&lt;b&gt;",
    "a\\*b",
    "~~a~~",
    "[^1]",
    "# Head",
    "- a",
    "+ a",
    "1. a",
    "1) a",
    "> a",
    "% gone",
    "(target)=",
    ":::{note}",
    "```{note}",
    "+++",
    "---",
    "a|b",
    "a == b",
]


def rendered(text: str) -> str:
    """The words of a Markdown text as Sphinx reads it, after every element has been parsed."""
    from docutils.core import publish_doctree
    from myst_parser.parsers.docutils_ import Parser

    settings = {
        "myst_enable_extensions": [
            "amsmath",
            "attrs_inline",
            "colon_fence",
            "deflist",
            "dollarmath",
            "tasklist",
        ],
        "report_level": 5,
        "doctitle_xform": False,
    }
    tree = publish_doctree(text, parser=Parser(), settings_overrides=settings)
    return [
        type(node).__name__
        for node in tree.findall()
        if type(node).__name__ not in ("document", "paragraph", "Text")
    ], tree.astext()


@pytest.mark.parametrize("text", LIVE)
def test_text_from_data_is_shown_literally_and_acts_on_nothing(text):
    assert rendered(show.plain(text)) == ([], text)


def test_plain_text_is_one_line_and_words_stay_as_they_are():
    assert show.plain("10 µM,\n 24 h (n = 3)".replace(" = ", " of ")) == "10 µM, 24 h (n of 3)"
    assert show.plain(5.0) == "5.0"


@pytest.mark.parametrize("text", LIVE)
def test_text_from_data_is_literal_in_cells_heads_and_boxes(text):
    table = show.table_text(pd.DataFrame({text: [text]}), "t", "label", "Counts.")
    rows = "\n".join(line for line in table.splitlines() if line.startswith("|"))
    kinds, words = rendered(rows)

    assert set(kinds) == {"table", "tgroup", "colspec", "thead", "tbody", "row", "entry"}
    assert words.split() == [*text.replace("_", " ").split(), *text.split()]
    kinds, words = rendered(show.box_text(text))
    assert (kinds, words) == (["note"], text)


@pytest.mark.parametrize("text", LIVE)
def test_html_of_tables_and_boxes_shows_text_from_data_literally(text):
    from html.parser import HTMLParser

    read = HTMLParser()
    seen: list[str] = []
    tags: list[str] = []
    read.handle_data, read.handle_starttag = seen.append, lambda tag, _: tags.append(tag)
    read.feed(show.table_html(pd.DataFrame({text: [text]}), text) + show.box_html(text))

    assert set(tags) == {"table", "caption", "thead", "tr", "th", "tbody", "td", "div", "strong"}
    assert seen.count(text) == 2 + ("_" not in text)


@pytest.mark.parametrize("alt", [ALT, 'Chart of "a" and \\b # c: d', "- [x]: {y} & <z>", "| a > b"])
def test_the_alt_text_of_the_directive_is_read_as_written(alt):
    from myst_parser.parsers.options import options_to_items

    lines = show.directive("heights", "label", "Caption.", alt).splitlines()
    block = "\n".join(line[1:] for line in lines[1:4])

    assert dict(options_to_items(block)[0])["alt"] == alt


def test_a_long_table_shows_eight_rows_and_says_how_many_there_are():
    data = pd.DataFrame({"n": range(2000)})

    text = show.table_text(data, "counted", "label", "Counts.")

    assert text.count("\n| ") == 10
    assert "The first 8 of 2,000 rows are shown" in text
    assert show.table_text(data, "counted", "label", "Counts.", is_whole=True).count("\n| ") == 2002


def test_the_directive_has_name_alt_caption_and_three_downloads():
    assert show.directive("heights", "demo-maize-heights", "Heights by day.", ALT) == (
        f'```{{figure}} figures/heights.svg\n:name: demo-maize-heights\n:alt: "{ALT}"\n:width: 100%\n\n'
        "Heights by day.\n```\n\n"
        "{download}`data (CSV) <figures/heights.csv>` · {download}`SVG <figures/heights.svg>` · "
        "{download}`PNG <figures/heights.png>`\n"
    )


def table(**columns) -> list[list[str]]:
    """Cells of the table as written, head first."""
    text = show.table_text(pd.DataFrame(columns), "counted", "label", "Counts.")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in (rows[0], *rows[2:])]


def test_a_table_has_its_label_caption_and_download():
    data = pd.DataFrame({"way_of_counting": ["sum"], "n": [3]})

    assert show.table_text(data, "counted", "demo-maize-counted", "Counts\nof plants.") == (
        "```{table} Counts of plants.\n:name: demo-maize-counted\n:widths: auto\n\n"
        "| way of counting | n |\n| --- | ---: |\n| sum | 3 |\n```\n\n"
        "{download}`data (CSV) <tables/counted.csv>`\n"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.12345, "0.123"),
        (np.float32(0.5), "0.500"),
        (12, "12"),
        (0.0, "0.000"),
        (0.0004, "4.0e-04"),
        (-1e-9, "-1.0e-09"),
        (0.0006, "0.001"),
        (np.nan, "–"),
        (None, "–"),
        (pd.NA, "–"),
        (True, "yes"),
        (np.bool_(False), "no"),
        ("a\nb", "a b"),
    ],
)
def test_a_cell_is_shown_as_a_reader_wants_it(value, shown):
    column = pd.Series([value, "word"], dtype=object)

    assert table(value=column)[1] == [shown]


def test_a_bar_in_a_word_or_a_head_does_not_make_a_column():
    text = show.table_text(pd.DataFrame({"a|b": ["c|d"]}), "counted", "label", "Counts.")

    assert "| a&#124;b |" in text
    assert "| c&#124;d |" in text


def test_rows_that_have_names_show_them():
    data = pd.DataFrame({"n": [3]}, index=pd.Index(["sum"], name="way"))

    assert "| way | n |" in show.table_text(data, "counted", "label", "Counts.")
    assert "| sum | 3 |" in show.table_text(data, "counted", "label", "Counts.")


def test_ranks_and_counts_are_shown_without_places_even_where_one_is_missing():
    data = pd.DataFrame({"rank": [3.0, np.nan, 12.0], "share": [1.0, 0.0, 1.0], "score": [2.0, 2.5, 1.0]})

    rows = show.table_text(data, "a", "b", "c").splitlines()[6:9]

    assert rows == ["| 3 | 1.000 | 2.000 |", "| – | 0.000 | 2.500 |", "| 12 | 1.000 | 1.000 |"]
