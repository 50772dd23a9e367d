from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.depression.data import load, rank_values, simulate, vocabulary
from reread.depression.data.counts import Counts
from reread.depression.data.rank_values import Cells
from scipy.sparse import csr_matrix


@pytest.fixture(scope="module")
def many():
    return simulate.simulate_cohort(20, 100, n_genes=90, n_disease_genes=10)[0]


def slow(counts, words, max_len):
    """The definition, one dense cell at a time; special tokens as in V2."""
    known = [i for i, gene in enumerate(counts.genes) if gene in words.tokens and gene in words.medians]
    token = np.array([words.tokens[counts.genes[i]] for i in known])
    median = np.array([words.medians[counts.genes[i]] for i in known])
    for row, n in zip(counts.matrix[:, known].toarray(), counts.cells["n_counts"], strict=True):
        value = row / n * 10_000 / median
        is_there = np.nonzero(value)[0]
        genes = token[is_there][np.argsort(-value[is_there])]
        if words.has_special:
            genes = [words.tokens["<cls>"], *genes[: max_len - 2], words.tokens["<eos>"]]
        yield np.asarray(genes)[:max_len]


def assert_equal(cells, expected):
    for found, wanted in zip(cells, expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("max_len", [20, 2048])
def test_two_thousand_sequences_are_those_of_the_definition(many, max_len, special):
    words = vocabulary.from_counts(many, special=special)
    cells = rank_values.encode(many, words, max_len)

    assert len(cells) == 2000
    assert_equal(cells, slow(many, words, max_len))


def test_sequences_of_the_real_counts_are_those_of_the_definition(published):
    counts = load.load("glioblastoma").counts
    part = counts.take(np.arange(0, len(counts), 2))

    for version, n_tokens in (("v1", 25_426), ("v2", 20_275)):
        words = load.words("glioblastoma", counts, version=version)
        assert words.n_tokens == n_tokens
        assert_equal(rank_values.encode(part, words, 4096), slow(part, words, 4096))


@pytest.mark.parametrize("seed", range(5))
def test_the_order_does_not_depend_on_the_scale_of_a_cell(small, seed):
    words = vocabulary.from_counts(small)
    factor = 2.0 ** np.random.default_rng(seed).integers(0, 6, len(small))
    scaled = small.cells.assign(
        n_counts=small.cells["n_counts"] * np.random.default_rng(seed).permutation(factor)
    )
    other = Counts(small.matrix.multiply(factor[:, None]).tocsr(), small.genes, scaled)

    assert_equal(rank_values.encode(other, words, 64), list(rank_values.encode(small, words, 64)))


def test_stable_ties_keep_the_order_of_the_genes():
    cells = pd.DataFrame({"donor": ["a"], "condition": [0], "n_counts": [6]})
    counts = Counts(csr_matrix([[1, 2, 1, 2]]), np.array([f"ENSG{i}" for i in range(4)]), cells)
    words = vocabulary.Vocabulary(
        {"<pad>": 0, "<mask>": 1} | {f"ENSG{i}": i + 2 for i in range(4)}, {f"ENSG{i}": 1.0 for i in range(4)}
    )

    assert rank_values.encode(counts, words, 8, ties="stable")[0].tolist() == [3, 5, 2, 4]


def test_ties_change_the_order_and_never_the_set(small):
    words = vocabulary.from_counts(small)
    both = [rank_values.encode(small, words, 2048, ties=ties) for ties in ("numpy", "stable")]

    assert all(sorted(a) == sorted(b) for a, b in zip(*both, strict=True))


def test_a_cell_without_a_known_gene_is_empty(small):
    words = vocabulary.from_counts(small)
    matrix = small.matrix.copy()
    matrix[3] = 0
    matrix.eliminate_zeros()
    cells = rank_values.encode(Counts(matrix, small.genes, small.cells), words, 32)

    assert len(cells[3]) == 0
    assert cells.lengths[3] == 0 and cells.lengths[4] > 0


def test_genes_of_another_species_are_refused(small):
    other = Counts(small.matrix, np.char.replace(small.genes, "ENSG", "ENSMUSG"), small.cells)

    with pytest.raises(DataError, match="None of the 60 genes is in the vocabulary"):
        rank_values.encode(other, vocabulary.from_counts(small), 32)


@pytest.mark.parametrize(("change", "said"), [({"ties": "random"}, "ties"), ({"special": True}, "no <cls>")])
def test_a_wrong_setting_is_refused(small, change, said):
    with pytest.raises(ParameterError, match=said):
        rank_values.encode(small, vocabulary.from_counts(small), 32, **change)


def test_a_stored_folder_is_mapped_and_equal(small, tmp_path):
    cells = rank_values.encode(small, vocabulary.from_counts(small), 32)
    opened = Cells.open(rank_values.store([cells], tmp_path / "encoded"))

    assert isinstance(opened.tokens, np.memmap)
    assert_equal(opened, list(cells))
    assert opened.cells["donor"].tolist() == small.cells["donor"].tolist()
    cases = np.flatnonzero(small.cells["condition"])
    assert_equal(opened.take(small.cells["condition"] == 1), [cells[i] for i in cases])


def test_a_damaged_folder_and_an_existing_one_are_refused(small, tmp_path):
    cells = rank_values.encode(small, vocabulary.from_counts(small), 32)
    folder = rank_values.store([cells], tmp_path / "encoded")
    with pytest.raises(DataError, match="exists already"):
        rank_values.store([], folder)
    with (folder / "values.i4").open("r+b") as file:
        file.truncate(400)
    with pytest.raises(DataError, match="but has 100"):
        Cells.open(folder)


def test_a_failed_part_leaves_no_folder(small, tmp_path):
    def parts():
        yield rank_values.encode(small, vocabulary.from_counts(small), 32)
        raise DataError("damaged block")

    with pytest.raises(DataError, match="damaged block"):
        rank_values.store(parts(), tmp_path / "encoded")
    assert list(tmp_path.iterdir()) == []
