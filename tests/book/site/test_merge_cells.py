from __future__ import annotations

import pytest
from reread.book.site import merge_cells as merge
from reread.core.errors import RunError

ALT = "Line chart of the numbers that were drawn, one after another."
OTHER = "Line chart: the numbers fall from left to right, all but the third."


def code(key: str, source: str, *outputs: dict) -> dict:
    return {
        "cell_type": "code",
        "id": key,
        "metadata": {},
        "source": source,
        "outputs": list(outputs),
        "execution_count": 1,
    }


def words(key: str, source: str) -> dict:
    return {"cell_type": "markdown", "id": key, "metadata": {}, "source": source}


def shown(text: str) -> dict:
    return {"output_type": "display_data", "metadata": {}, "data": {"text/markdown": text}}


def never(key: str) -> bool:
    return False


def merged(source: list[dict], executed: list[dict], words=str) -> list[dict]:
    return merge.merge_cells(source, executed, words, lambda output: output)


def entry(**changes: str) -> dict[str, str]:
    return {"id": "drawn", "label": "demo-drawn", "caption": "Old.", "alt": ALT} | changes


def shown_text(output: dict, **changes: str) -> str:
    found = merge.shown_output(output, {"demo-drawn": entry(**changes)})
    return found.get("text") or found["data"]["text/markdown"]


def caption_of(today: str, then: str, of_run: str) -> str:
    cells = [[code("a", f'page.figure(x, "drawn", caption={text})')] for text in (today, then)]
    return merge.captions(*cells, [entry(caption=of_run)])["drawn"]["caption"]


def test_words_come_from_the_source_and_outputs_from_the_run():
    source = [words("a", "new words"), code("b", "x = 1  # new comment")]
    executed = [
        words("a", "old words"),
        code("injected-parameters", "y = 2"),
        code("b", "x = 1", shown("one")),
    ]

    cells = merged(source, executed, str.upper)

    assert [cell["source"] for cell in cells] == ["NEW WORDS", "x = 1  # new comment"]
    assert cells[1]["outputs"] == [shown("one")]


def test_a_new_prose_cell_shows_without_a_new_run():
    source = [words("a", "first"), words("new", "second"), code("b", "x = 1")]

    cells = merged(source, [words("a", "first"), code("b", "x = 1")])

    assert [cell["source"] for cell in cells] == ["first", "second", "x = 1"]


def test_a_code_cell_whose_id_changed_is_found_by_its_place():
    cells = merged([code("renamed", "x = 1")], [code("b", "x = 1", shown("one"))])

    assert cells[0]["outputs"] == [shown("one")]


@pytest.mark.parametrize("nothing", ["# a remark only", "", "  \n# one\n# two"])
def test_a_cell_of_comments_alone_that_came_or_went_asks_for_nothing(nothing):
    alone, with_it = (
        [code("b", "x = 1", shown("one"))],
        [code("b", "x = 1", shown("one")), code("c", nothing)],
    )

    for source, executed in ((alone, with_it), (with_it, alone), (with_it[::-1], with_it)):
        cells = merged(source, executed)
        assert [cell["source"] for cell in cells] == ["x = 1"]
        assert cells[0]["outputs"] == [shown("one")]


def test_other_code_cells_than_those_of_the_run_are_refused():
    with pytest.raises(RunError, match="2 code cells and the source 1"):
        merged([code("a", "x")], [code("a", "x"), code("b", "y")])


def test_a_cell_that_only_opens_the_page_is_hidden_and_one_that_draws_is_folded():
    opening = 'from reread.networks import data\npage = chapter.open_page("networks/01", globals())'
    source = [code("a", opening), code("b", 'page.figure(drawn, "x")'), code("c", "y = f(x)")]

    cells = merged(source, source)

    assert [cell["metadata"]["tags"] for cell in cells] == [["remove-cell"], ["hide-input"], []]


def test_a_figure_is_written_from_its_record_and_nothing_of_its_output_is_kept():
    output = shown("```{figure} /../secret.svg\n:name: demo-drawn\n\n<script>X</script>\n```")

    text = shown_text(output, caption="New words.", alt=OTHER)

    assert text.startswith("```{figure} figures/drawn.svg\n:name: demo-drawn\n")
    assert f':alt: "{OTHER}"' in text
    assert "New words." in text
    assert "secret" not in text
    assert "script" not in text


def test_a_new_caption_of_a_table_leaves_its_numbers_alone():
    rows = "| n | name |\n| ---: | --- |\n| 5 | a&#124;b |\n"
    old = f"```{{table}} Old.\n:name: demo-drawn\n\n{rows}```\n"

    text = shown_text(shown(old), caption="New.")

    assert text.startswith(":::{table} New.\n")
    assert rows in text


def test_markup_in_the_cells_of_a_table_is_escaped_once():
    table = "```{table} Old.\n:name: demo-drawn\n\n| *x* |\n|---|\n| <b> |\n| &#60;b&#62; |\n```\n"

    assert "| &#42;x&#42; |\n|---|\n| &#60;b&#62; |\n| &#60;b&#62; |\n" in shown_text(shown(table))


@pytest.mark.parametrize("kind", ["text/html", "application/javascript", "image/svg+xml", "text/latex"])
def test_an_output_of_another_kind_is_not_shown(kind):
    output = {"output_type": "display_data", "metadata": {}, "data": {kind: "<script>X</script>"}}

    assert merge.shown_output(output, {}) is None


def test_markdown_that_is_no_figure_table_or_box_is_shown_as_text():
    found = merge.shown_output(shown("{download}`x </../secret.txt>`"), {})

    assert found == {"output_type": "stream", "name": "stdout", "text": "{download}`x </../secret.txt>`"}


def test_the_text_of_a_box_is_escaped():
    assert shown_text(shown("```{note}\n<b> $x$\n```")) == "```{note}\n&#60;b&#62; &#36;x&#36;\n```"


def test_a_figure_that_the_record_does_not_name_is_refused():
    with pytest.raises(RunError, match="shows 'other', which its record does not name"):
        merge.shown_output(shown("```{figure} figures/x.svg\n:name: other\n```"), {})


def test_a_literal_caption_is_that_of_today():
    assert caption_of('"New\\n  *words*."', '"Old."', "Old.") == "New *words*."


def test_a_computed_caption_has_the_words_of_today_and_the_values_of_the_run():
    today, then = 'f"*New* words on {name} and {n:.0f} cells."', 'f"On {n:.0f} cells of {name}."'

    assert caption_of(today, then, "On 5 cells of <b>.") == "*New* words on &#60;b&#62; and 5 cells."


def test_a_computed_caption_that_cannot_be_taken_apart_is_that_of_the_run_escaped():
    assert caption_of('f"{n} of {m}"', "text", "5 *of* 7") == "5 &#42;of&#42; 7"
    assert caption_of('f"{n} of {m}"', 'f"{n} cells"', "5 cells") == "5 cells"


def test_prose_quotes_measured_numbers_in_the_wanted_form():
    values = {"auroc.pair": 0.8765, "n": 5, "name": "<b>"}

    text = merge.quote("{glue:text}`auroc.pair:.2f`, {glue:text}`n`, {glue:text}`name`", values, never, "p")

    assert text == "0.88, 5, &#60;b&#62;"


def test_a_share_has_the_space_that_prose_has_before_the_sign():
    text = merge.quote("{glue:text}`share:.0%` of the best 5 %", {"share": 0.25}, never, "p")

    assert text == "25\N{NO-BREAK SPACE}% of the best 5 %"


@pytest.mark.parametrize(
    ("value", "style", "shown"),
    [(-0.001, ".2f", "0.00"), (0.001, "+.2f", "0.00"), (-0.0001, ".0%", "0\N{NO-BREAK SPACE}%"),
     (-0.01, ".2f", "-0.01"), (0.5, "+.0f", "0"), (-0.05, "+.2f", "-0.05")],
)  # fmt: skip
def test_zero_has_no_sign_and_other_numbers_keep_theirs(value, style, shown):
    assert merge.quote(f"{{glue:text}}`gain:{style}`", {"gain": value}, never, "p") == shown
    caption = caption_of('f"{gain} more"', 'f"{gain} more"', f"{value:{style}} more")
    assert caption.replace("%", "\N{NO-BREAK SPACE}%") == f"{shown} more"


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_number_that_is_missing_is_a_dash(missing):
    assert merge.quote("{glue:text}`far:.2f`", {"far": missing}, never, "p") == "–"
    assert merge.quote("{glue:text}`far:.2f`", {"far": "below"}, never, "p") == "below"
    assert merge.quote("{glue:text}`far:.2f`", {}, lambda key: key == "far", "p") == "–"


def test_a_number_that_nobody_measured_is_refused_with_the_nearest_key():
    with pytest.raises(RunError, match=r"prose of networks/01 quotes 'aurok'.*Did you mean 'auroc'"):
        merge.quote("{glue:text}`aurok:.2f`", {"auroc": 0.8}, never, "networks/01")


def test_a_reference_by_the_name_of_a_figure_gets_its_label_in_the_book():
    labels = {"curves": "demo-networks-01-curves"}

    assert merge.refer("{numref}`curves`", labels) == "{numref}`demo-networks-01-curves`"
    assert (
        merge.refer("{numref}`Figure %s <curves>`", labels) == "{numref}`Figure %s <demo-networks-01-curves>`"
    )
    assert merge.refer("{numref}`elsewhere`", labels) == "{numref}`elsewhere`"
