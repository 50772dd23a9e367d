from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.lincs.data.tables import META, Signatures, Truth, meta_frame


@pytest.fixture
def signatures():
    """5 signatures of 3 genes."""
    meta = meta_frame(5, kind="drug", pert_name=list("abcde"), pcl=["p", "", "q", "p", ""])
    return Signatures(np.arange(15, dtype=np.float32).reshape(5, 3), tuple("123"), tuple("xyz"), meta)


def test_rows_are_taken_in_the_order_given_or_by_a_mask(signatures):
    taken = signatures.take(np.array([4, 0, 0]))
    masked = signatures.take(np.array([True, False, False, True, False]))

    assert taken.meta["pert_name"].tolist() == ["e", "a", "a"]
    assert taken.values.tolist() == [[12, 13, 14], [0, 1, 2], [0, 1, 2]]
    assert masked.meta["pert_name"].tolist() == ["a", "d"]
    assert len(masked) == 2


def test_classes_are_named_once_without_the_unknown(signatures):
    assert signatures.pcls == ("p", "q")


def test_what_is_not_known_is_empty_or_not_a_number():
    meta = meta_frame(2, kind="control", series="S")

    assert list(meta.columns) == [*META, "series"]
    assert meta["gene"].tolist() == ["", ""]
    assert meta["dose_um"].isna().all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_with_their_place(signatures, bad):
    values = signatures.values.copy()
    values[3, 1] = bad

    with pytest.raises(DataError, match=r"1 of 15 are not; the first is -?(nan|inf) at signature 3, gene 1"):
        Signatures(values, signatures.genes, signatures.symbols, signatures.meta)


def test_tables_that_do_not_fit_are_refused(signatures):
    values, genes, symbols, meta = signatures.values, signatures.genes, signatures.symbols, signatures.meta
    for arguments, says in (
        ((values, genes[:2], symbols, meta), r"symbols must have axes \(gene=2\)"),
        ((values[:4], genes, symbols, meta), r"values must have axes \(signature=5, gene=3\)"),
        ((values, genes, symbols, meta.drop(columns="cell")), "lacks the columns cell"),
        ((values, genes, symbols, meta.assign(kind="trt_cp")), "the kind 'trt_cp'; known kinds are drug"),
        ((values, genes, symbols, meta.set_index("pert_name", drop=False)), "must be numbered"),
    ):
        with pytest.raises(DataError, match=says):
            Signatures(*arguments)


def test_truth_has_a_strength_and_a_family_for_every_class():
    with pytest.raises(DataError, match=r"strength must have axes \(pcl=2\)"):
        Truth(np.zeros((2, 3)), ("a", "b"), ("strong",), {}, (0, 1))
