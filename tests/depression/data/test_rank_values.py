from __future__ import annotations

import numpy as np
import pytest
from reread.depression.data import rank_values, simulate, vocabulary


@pytest.fixture(scope="module")
def counts():
    return simulate.simulate_cohort(6, 30, n_genes=120, n_disease_genes=10)[0]


def slow(counts, words, max_len):
    """The definition, one dense cell at a time (Geneformer's ``tokenize_cell``)."""
    token = np.array([words.tokens[gene] for gene in counts.genes])
    median = np.array([words.medians[gene] for gene in counts.genes])
    for row, n in zip(counts.matrix.toarray(), counts.cells["n_counts"], strict=True):
        value = row / n * 10_000 / median
        is_there = np.nonzero(value)[0]
        yield token[is_there][np.argsort(-value[is_there])][:max_len]


@pytest.mark.parametrize("max_len", [20, 2048])
def test_sequences_are_those_of_the_definition(counts, max_len):
    words = vocabulary.from_counts(counts)
    cells = rank_values.encode(counts, words, max_len)

    assert len(cells) == 180
    for found, expected in zip(cells, slow(counts, words, max_len), strict=True):
        np.testing.assert_array_equal(found, expected)
