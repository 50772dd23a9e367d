from __future__ import annotations

import pandas as pd
import pytest
from reread.lincs.data import filters
from reread.lincs.data.tables import meta_frame


@pytest.fixture
def meta():
    """Lines X (6), Y (4) and PC3 (3, named); MG-132 twice, bortezomib once; classes p (5), q (2)."""
    return meta_frame(
        13,
        kind=["drug"] * 10 + ["knockdown"] * 3,
        cell=list("XXXXXXYYYY") + ["PC3"] * 3,
        pert_name=["a", "a", "b", "c", "MG-132", "Bortezomib", "a", "b", "d", "mg-132", "G1", "G2", "G2"],
        gene=[""] * 10 + ["G1", "G2", "G2"],
        pcl=["p", "p", "p", "q", "p", "", "p", "", "q", "p", "", "", ""],
        series=["GSE70138"] * 10 + ["GSE106127"] * 3,
    )


def test_each_step_counts_what_is_left(meta):
    table = filters.steps(meta, min_per_line=4, min_per_class=4).set_index("step")

    assert table["n_signatures"].to_dict() == {
        "all": 13, "in lines": 9, "without proteasome": 7, "with class": 5, "with class without MG-132": 4,
        "large": 4,
    }  # fmt: skip
    assert table.loc["in lines", ["n_drugs", "n_genes", "n_classes", "n_lines"]].tolist() == [5, 2, 2, 2]


def test_a_line_needs_more_than_the_least(meta):
    assert filters.is_in_lines(meta, 3).sum() == 13
    assert filters.is_in_lines(meta, 6).sum() == 3


def test_lines_of_the_series_of_knock_downs_are_those_that_are_named(meta):
    assert filters.is_in_lines(meta.assign(cell="X"), 100).sum() == 0
    assert filters.is_in_lines(meta.assign(cell="X").drop(columns="series"), 12).sum() == 13


def test_drugs_are_left_out_whatever_the_case(meta):
    assert filters.is_without(meta).sum() == 10
    assert filters.is_without(meta, ("MG-132",)).sum() == 11


def test_unknown_classes_are_never_large(meta):
    large = [
        filters.steps(meta, min_per_line=0, min_per_class=least)["n_signatures"].iloc[-1] for least in (1, 6)
    ]

    assert large == [(meta["pcl"] != "").sum(), 6]


def test_counts_are_compared_with_all_nine_printed_ones():
    columns = ["n_signatures", "n_drugs", "n_classes"]
    found = (
        pd.DataFrame(filters.PUBLISHED_COUNTS)
        .reindex(columns=columns)
        .fillna(0)
        .rename_axis("step")
        .reset_index()
    )
    other = found.assign(n_drugs=found["n_drugs"] + 1)

    assert (filters.n_as_published(found), filters.n_as_published(other)) == (9, 8)
