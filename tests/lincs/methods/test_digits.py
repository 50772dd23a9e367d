from __future__ import annotations

import numpy as np
import pytest
from reread.lincs.data import splits
from reread.lincs.methods import codebooks, digits
from reread.lincs.methods.codebooks import CORRECTED, MEAN, PUBLISHED, TEST

CODEBOOK = {CORRECTED: "ema"}


@pytest.fixture(scope="module")
def images():
    return digits.load()


@pytest.fixture(scope="module")
def part(images):
    return splits.by_group(images.meta, by=["sig_id"])


@pytest.fixture(scope="module")
def runs(images, part):
    return codebooks.train(images, part, epochs=10, channels=4, learning_rate=3e-3, batch=32)


@pytest.fixture(scope="module")
def corrected(runs):
    return [run for run in runs if run.method == CORRECTED]


def test_the_pictures_are_those_of_scikit_learn(images):
    assert images.values.shape == (1797, 64)
    assert (images.values.min(), images.values.max()) == (0, 1)
    assert images.pcls == digits.DIGITS


def test_every_digit_gives_its_share(images, part):
    digit = images.meta["pcl"].astype(int)
    counts = np.bincount(digit[part.test])

    assert np.intersect1d(part.train, part.test).size == 0
    assert len(part.train) + len(part.test) == 1797
    assert np.abs(counts / np.bincount(digit) - 0.2).max() < 0.01


def test_a_few_passes_find_most_held_out_digits(images, part, runs):
    table = digits.compare(images, part, runs).set_index(["method", "rows"])["accuracy"]

    assert table["corrected", TEST] > 0.6
    assert table[MEAN, TEST] > 0.8


def test_a_comparison_has_one_row_a_method_and_side(images, part, runs):
    table = digits.compare(images, part, runs)

    assert not table.duplicated(["method", "rows"]).any()
    assert set(table["method"]) == {PUBLISHED, CORRECTED, MEAN}


def test_training_is_the_same_twice(images, part, corrected):
    again = codebooks.train(images, part, CODEBOOK, epochs=10, channels=4, learning_rate=3e-3, batch=32)[0]

    assert again.history.equals(corrected[0].history)


def test_examples_show_each_digit_once_a_row(images, part, corrected):
    table = digits.examples(images, part, corrected[0])

    assert table.groupby("row")["digit"].apply(list).map(tuple).nunique() == 1
    pixels = table.loc[table["row"] == "nearest code", [f"p{i:02d}" for i in range(64)]].to_numpy()
    found = table.loc[table["row"] == "nearest code", "found"]
    np.testing.assert_allclose(pixels, corrected[0].network.profiles()[found], atol=1e-6)


def test_z_decoded_is_another_picture_than_its_code(images, part, corrected):
    table = digits.examples(images, part, corrected[0]).set_index("row")[digits.PIXELS]

    assert set(table.index) == {"image", "nearest code", "z", "class mean"}
    assert not np.allclose(table.loc["z"], table.loc["nearest code"], atol=0.05)
    assert "mse.unquantised.corrected" in codebooks.usage(images, part, corrected)[1]


def test_shares_of_a_digit_add_up_to_one(images, part, corrected):
    shares = digits.confusion(images, part, corrected)

    grid = shares.pivot(index="digit", columns="code", values="share").to_numpy()
    np.testing.assert_allclose(grid.sum(axis=1), 1)
    table = codebooks.inferred(images, part, corrected).set_index(["rows", "method", "metric"])
    assert np.diag(grid).mean() == pytest.approx(table.loc[(TEST, CORRECTED, "euclidean"), "recall"])


def test_a_finished_training_is_read_back(images, part, tmp_path):
    settings = {"epochs": 2, "channels": 2, "checkpoint": tmp_path}
    first = codebooks.train(images, part, CODEBOOK, **settings)[0]
    again = codebooks.train(images, part, CODEBOOK, **settings)[0]

    assert again.history.equals(first.history)
    np.testing.assert_array_equal(again.network.codes, first.network.codes)
    assert len(list(tmp_path.iterdir())) == 1
