from __future__ import annotations

import pytest
from reread.book.site import merge_cells as prose
from reread.core import show
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


def test_words_come_from_the_source_and_outputs_from_the_run():
    source = [words("a", "new words"), code("b", "x = 1  # new comment")]
    executed = [
        words("a", "old words"),
        code("injected-parameters", "y = 2"),
        code("b", "x = 1", shown("one")),
    ]

    cells = prose.weave(source, executed, words=str.upper)

    assert [cell["source"] for cell in cells] == ["NEW WORDS", "x = 1  # new comment"]
    assert cells[1]["outputs"] == [shown("one")]


def test_a_new_prose_cell_shows_without_a_new_run():
    source = [words("a", "first"), words("new", "second"), code("b", "x = 1")]

    cells = prose.weave(source, [words("a", "first"), code("b", "x = 1")], words=str)

    assert [cell["source"] for cell in cells] == ["first", "second", "x = 1"]


def test_a_code_cell_whose_id_changed_is_found_by_its_place():
    cells = prose.weave([code("renamed", "x = 1")], [code("b", "x = 1", shown("one"))], words=str)

    assert cells[0]["outputs"] == [shown("one")]


def test_other_code_cells_than_those_of_the_run_are_refused():
    with pytest.raises(RunError, match="2 code cells and the source 1"):
        prose.weave([code("a", "x")], [code("a", "x"), code("b", "y")], words=str)


def test_a_cell_that_only_opens_the_page_is_taken_out_and_one_that_draws_is_folded():
    opening = 'from reread.networks import data\npage = chapter.open_page("networks/01", globals())'
    source = [code("a", opening), code("b", 'page.figure(drawn, "x")'), code("c", "y = f(x)")]

    cells = prose.weave(source, source, words=str)

    assert [cell["metadata"]["tags"] for cell in cells] == [["remove-cell"], ["hide-input"], []]


def test_a_new_caption_and_alt_text_reach_the_page():
    old = show.directive("drawn", "demo-drawn", "Old.", ALT)
    source = [code("a", f'page.figure(x, "drawn", caption="New\\n  words.", alt="{OTHER}")')]
    entry = {"id": "drawn", "label": "demo-drawn", "caption": "Old.", "alt": ALT}

    output = prose.recaption(shown(old), entry | prose.captions(source)["drawn"])

    assert output["data"]["text/markdown"] == show.directive("drawn", "demo-drawn", "New words.", OTHER)


def test_a_new_caption_of_a_table_leaves_its_numbers_alone():
    old = "```{table} Old.\n:name: demo-counts\n\n| n |\n|---|\n| 5 |\n```\n"

    output = prose.recaption(shown(old), {"id": "counts", "label": "demo-counts", "caption": "New."})

    assert output["data"]["text/markdown"] == old.replace("Old.", "New.")


def test_a_caption_that_was_computed_stays_that_of_the_run():
    source = [code("a", 'page.figure(x, "drawn", caption=f"{n} points", alt="' + ALT + '")')]

    assert prose.captions(source) == {"drawn": {"alt": ALT}}


def test_prose_quotes_measured_numbers_in_the_wanted_form():
    text = prose.quote(
        "AUROC {glue:text}`auroc.pair:.2f`, {glue:text}`n`", {"auroc.pair": 0.8765, "n": 5}, never, "p"
    )

    assert text == "AUROC 0.88, 5"


def test_a_number_that_another_page_of_the_notebook_measured_is_a_dash():
    assert prose.quote("{glue:text}`far:.2f`", {}, lambda key: key == "far", "p") == "–"
    assert prose.quote("{glue:text}`far:.2f`", {"far": float("nan")}, never, "p") == "–"


def test_a_number_that_nobody_measured_is_refused_with_the_nearest_key():
    with pytest.raises(RunError, match=r"prose of networks/01 quotes 'aurok'.*Did you mean 'auroc'"):
        prose.quote("{glue:text}`aurok:.2f`", {"auroc": 0.8}, never, "networks/01")


def test_a_reference_by_the_name_of_a_figure_gets_its_label_in_the_book():
    labels = {"knob": "demo-networks-01-knob"}

    assert prose.refer("{numref}`knob`", labels) == "{numref}`demo-networks-01-knob`"
    assert prose.refer("{numref}`Figure %s <knob>`", labels) == "{numref}`Figure %s <demo-networks-01-knob>`"
    assert prose.refer("{numref}`elsewhere`", labels) == "{numref}`elsewhere`"
