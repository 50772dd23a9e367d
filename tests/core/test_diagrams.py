"""Boxes and arrows: where they lie, what is marked, and the words of the alt text."""

from __future__ import annotations

import pytest
from reread.core import diagrams
from reread.core.errors import ParameterError
from reread.core.figures import ALT_LENGTH

COLUMNS = [["counts of all donors"], ["training donors", "held-out donors"], ["classifier"], ["AUROC"]]
ARROWS = [
    ("counts of all donors", "training donors"),
    ("counts of all donors", "held-out donors"),
    ("training donors", "classifier", "fit"),
    ("held-out donors", "classifier", "score"),
    ("classifier", "AUROC"),
]


def test_every_box_is_drawn_once_with_its_words_inside(texts_of):
    drawn = diagrams.flow(COLUMNS, ARROWS, marked={"held-out donors": "absent from the paper"})

    (axes,) = drawn.figure.axes
    texts = [" ".join(text.get_text().split()) for text in texts_of(drawn.figure)]
    assert all(texts.count(box) == 1 for column in COLUMNS for box in column)
    assert {"fit", "score", "absent from the paper"} <= set(texts)
    assert [patch.get_linestyle() for patch in axes.patches].count("--") == 1
    boxes = [patch.get_window_extent() for patch in axes.patches[:5]]
    assert not any(one.overlaps(other) for one in boxes for other in boxes if one is not other)


def test_the_table_has_the_arrows_and_the_alt_text_the_steps():
    drawn = diagrams.flow(COLUMNS, ARROWS, marked={"held-out donors": "absent from the paper"})

    assert drawn.table["to"].tolist() == [arrow[1] for arrow in ARROWS]
    assert drawn.table["words"].tolist() == ["", "", "fit", "score", ""]
    assert drawn.alt.startswith("Flow diagram, 4 steps from left to right: counts of all donors;")
    assert "held-out donors: absent from the paper" in drawn.alt
    assert ALT_LENGTH[0] <= len(drawn.alt) <= ALT_LENGTH[1]


@pytest.mark.parametrize(
    ("columns", "arrows", "says"),
    [
        ([["a"], ["a"]], [], "The box 'a' occurs 2 times"),
        ([["input"], ["output"]], [("input", "outputs")], "no box 'outputs'. Did you mean 'output'"),
    ],
)
def test_a_box_that_is_double_or_missing_is_refused(columns, arrows, says):
    with pytest.raises(ParameterError, match=says):
        diagrams.flow(columns, arrows)
