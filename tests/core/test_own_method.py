from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.core.own_method import check_new, digest_of, held_out
from reread.core.splits import Fold


def test_the_model_of_fit_is_given_to_predict_with_the_test_rows():
    found = held_out(lambda a, b: a + b, lambda model, c: [model * c, 0], (1, 2), (4,), 2)

    assert found.tolist() == [12.0, 0.0]
    assert found.dtype == float


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ([[1, 0], [0, 1]], r"its shape is \(2, 2\)"),
        ([1], "for each of the 2 test rows"),
        ([1, float("inf")], "returned inf for test row 1"),
        (["a", "b"], "must return numbers, but came with list"),
        (None, "test rows"),
    ],
)
def test_an_answer_that_is_no_score_for_each_row_is_refused(answer, says):
    with pytest.raises(DataError, match=says):
        held_out(lambda: None, lambda model: answer, (), (), 2)


def test_a_digest_is_of_rows_and_their_part_and_nothing_else():
    one = [Fold(0, np.array([0, 1]), np.array([2]))]
    same = [Fold("other name", np.array([0, 1], dtype=np.int32), np.array([2], dtype=np.int16))]
    moved = [Fold(0, np.array([0]), np.array([1, 2]))]
    swapped = [Fold(0, np.array([2]), np.array([0, 1]))]

    assert digest_of(one) == digest_of(same)
    assert len({digest_of(folds) for folds in (one, moved, swapped, one * 2)}) == 4


def test_a_name_that_is_compared_anyway_is_refused():
    assert check_new("mine", ["theirs"]) == "mine"
    for name in ("theirs", ""):
        with pytest.raises(ParameterError, match="empty or taken"):
            check_new(name, ["theirs"])
