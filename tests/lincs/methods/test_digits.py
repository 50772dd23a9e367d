from __future__ import annotations

import numpy as np
import pytest
from reread.lincs.methods import codebooks
from reread.lincs.methods import digits as handwriting
from reread.lincs.methods.codebooks import HELD, MEAN


@pytest.fixture(scope="module")
def pictures():
    return handwriting.load()


@pytest.fixture(scope="module")
def part(pictures):
    return handwriting.split(pictures)


@pytest.fixture(scope="module")
def runs(pictures, part):
    settings = {"channels": 4, "learning_rate": 3e-3, "batch": 32}
    return {
        name: handwriting.train(pictures, part, epochs=10, codebook=codebook, **settings)
        for name, codebook in (("as published", "published"), ("corrected", "ema"))
    }


def test_the_pictures_are_those_of_scikit_learn(pictures):
    assert pictures.values.shape == (1797, 64)
    assert (pictures.values.min(), pictures.values.max()) == (0, 1)
    assert sorted(set(pictures.label.tolist())) == list(range(10))


def test_every_digit_gives_its_share(pictures, part):
    counts = np.bincount(pictures.label[part.test])

    assert np.intersect1d(part.train, part.test).size == 0
    assert len(part.train) + len(part.test) == 1797
    assert np.abs(counts / np.bincount(pictures.label) - 0.2).max() < 0.01


def test_a_few_passes_find_most_held_out_digits(pictures, part, runs):
    table = handwriting.compared(pictures, part, runs).set_index(["method", "rows"])["accuracy"]

    assert table["corrected", HELD] > 0.6
    assert table[MEAN, HELD] > 0.8


def test_a_comparison_has_one_row_a_method_and_side(pictures, part, runs):
    table = handwriting.compared(pictures, part, runs)

    assert not table.duplicated(["method", "rows"]).any()
    assert set(table["method"]) == {"as published", "corrected", MEAN}


def test_training_is_the_same_twice(pictures, part, runs):
    again = handwriting.train(
        pictures, part, epochs=10, codebook="ema", channels=4, learning_rate=3e-3, batch=32
    )[0]

    assert again.history.equals(runs["corrected"][0].history)


def test_examples_show_each_digit_once_a_row(pictures, part, runs):
    table = handwriting.examples(pictures, part, runs["corrected"][0])

    assert table.groupby("row")["digit"].apply(list).map(tuple).nunique() == 1
    pixels = table.loc[table["row"] == "nearest code", [f"p{i:02d}" for i in range(64)]].to_numpy()
    found = table.loc[table["row"] == "nearest code", "found"]
    np.testing.assert_allclose(pixels, runs["corrected"][0].network.profiles()[found], atol=1e-6)


def test_z_decoded_is_another_picture_than_its_code(pictures, part, runs):
    loose = handwriting.examples(pictures, part, runs["corrected"][0], is_quantised=False)

    assert set(loose["row"]) == {"picture", "z", "class mean"}
    assert set(handwriting.unquantised(pictures, part, {"a": runs["corrected"][0]})) == {"a"}


def test_shares_of_a_digit_add_up_to_one(pictures, part, runs):
    shares = handwriting.confusion(pictures, part, runs["corrected"])

    np.testing.assert_allclose(shares.sum(axis=1), 1)
    table = codebooks.inferred(pictures, part, runs["corrected"]).set_index(["rows", "method", "metric"])
    assert np.diag(shares).mean() == pytest.approx(table.loc[(HELD, codebooks.CODE, "euclid"), "recall"])


def test_a_finished_training_is_read_back(pictures, part, tmp_path):
    settings = {"epochs": 2, "channels": 2, "checkpoint": tmp_path}
    first = handwriting.train(pictures, part, **settings)[0]
    again = handwriting.train(pictures, part, **settings)[0]

    assert again.history.equals(first.history)
    np.testing.assert_array_equal(again.network.codes, first.network.codes)
    assert len(list(tmp_path.iterdir())) == 1
