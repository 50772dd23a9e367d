from __future__ import annotations

import math

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.maize.data.image import from_image, side_of, to_image


@pytest.mark.parametrize("n_genes", [1, 2, 3, 4, 5, 15, 16, 17, 1500, 21_111])
def test_the_side_is_the_smallest_whose_square_holds_all_genes(n_genes):
    side = side_of(n_genes)

    assert (side - 1) ** 2 < n_genes <= side**2
    assert side == math.ceil(math.sqrt(n_genes))


def test_the_published_genes_need_a_side_of_146_and_205_pixels_of_padding():
    assert side_of(21_111) == 146
    assert 146**2 - 21_111 == 205


@pytest.mark.parametrize("n_genes", [1, 3, 4, 7, 9, 10, 26])
@pytest.mark.parametrize("is_shuffled", [False, True])
def test_an_image_gives_its_genes_back_to_the_bit(n_genes, is_shuffled):
    rng = np.random.default_rng(n_genes)
    values = rng.normal(size=(5, n_genes)).astype(np.float32)
    order = rng.permutation(n_genes) if is_shuffled else None

    image = to_image(values, order)

    assert image.shape == (5, side_of(n_genes), side_of(n_genes), 1)
    assert image.dtype == np.float32
    assert (from_image(image, n_genes, order) == values).all()


def test_genes_fill_rows_and_zeros_the_rest():
    image = to_image(np.array([[1, 2, 3, 4, 5.0]]))

    assert image[0, :, :, 0].tolist() == [[1, 2, 3], [4, 5, 0], [0, 0, 0]]


def test_an_order_says_which_gene_goes_to_each_pixel():
    """The slow obvious way is the oracle for the fast one."""
    values, order = np.array([[10, 11, 12, 13, 14.0]]), np.array([3, 0, 4, 2, 1])

    slow = np.zeros((3, 3))
    for pixel, gene in enumerate(order):
        slow[pixel // 3, pixel % 3] = values[0, gene]
    assert (to_image(values, order)[0, :, :, 0] == slow).all()


def test_reading_back_does_not_tie_the_genes_to_the_image():
    image = to_image(np.ones((2, 4)))

    from_image(image, 4)[:] = 7
    assert image.max() == 1


@pytest.mark.parametrize("order", [[0, 1, 1], [0, 1, 3], [1, 2, 3], [-1, 0, 1]])
def test_an_order_that_loses_a_gene_is_refused(order):
    with pytest.raises(DataError, match="permutation of range"):
        to_image(np.ones((2, 3)), np.array(order))


def test_an_order_of_another_length_is_refused():
    with pytest.raises(DataError, match=r"order must have axes \(gene=3\)"):
        to_image(np.ones((2, 3)), np.arange(4))


def test_an_image_of_another_number_of_genes_is_refused():
    with pytest.raises(DataError, match="row=4, column=4"):
        from_image(np.ones((2, 3, 3, 1)), 10)


def test_an_image_of_no_gene_is_refused():
    with pytest.raises(DataError, match="at least one gene"):
        to_image(np.ones((2, 0)))
