from __future__ import annotations

import numpy as np
import pytest
from reread.depression.data import vocabulary


def test_numbers_of_numpy_are_read_as_the_published_files_have_them(published):
    words = vocabulary.read(
        published / "token_dictionary_v1.pkl", published / "gene_median_dictionary_v1.pkl"
    )

    assert len(words.tokens) == 25_426 and not words.has_special
    assert words.tokens["<mask>"] == 1 and type(words.tokens["ENSG00000141510"]) is int
    assert all(type(one) is float and one > 0 for one in words.medians.values())


def test_medians_are_those_of_the_counts_above_zero(small):
    part = small.take(small.cells["donor"] == "D01")
    words = vocabulary.from_counts(part)
    scaled = part.matrix.toarray() / part.cells["n_counts"].to_numpy()[:, None] * 1e4

    for gene, column in zip(small.genes[:10], scaled.T, strict=False):
        assert words.medians[gene] == pytest.approx(np.median(column[column > 0]))


def test_special_tokens_come_before_the_genes(small):
    words = vocabulary.from_counts(small, special=True)

    assert [words.tokens[name] for name in ("<pad>", "<mask>", "<cls>", "<eos>", small.genes[0])] == [
        *range(5)
    ]
