from __future__ import annotations

import os
import pickle

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.depression.data import vocabulary


class Evil:
    def __reduce__(self):
        return os.mkdir, ("ran",)


@pytest.mark.parametrize("value", [{"a": Evil()}, {"a": np.array([1.0])}, {"a": np.dtype("O")}])
def test_a_pickle_with_anything_but_plain_values_is_refused(tmp_path, monkeypatch, value):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.pkl").write_bytes(pickle.dumps(value))

    with pytest.raises(DataError, match=r"refused|damaged"):
        vocabulary.read_plain(tmp_path / "words.pkl", int)
    assert not (tmp_path / "ran").exists()


def test_a_list_a_damaged_file_and_a_missing_one_are_refused(tmp_path):
    path = tmp_path / "words.pkl"
    with pytest.raises(DataError, match="no file"):
        vocabulary.read_plain(path, int)
    path.write_bytes(pickle.dumps([1]))
    with pytest.raises(DataError, match="holds a list"):
        vocabulary.read_plain(path, int)
    path.write_bytes(pickle.dumps({"a": "b"}))
    with pytest.raises(DataError, match=r"to int, but holds \('a', 'b'\)"):
        vocabulary.read_plain(path, int)
    path.write_bytes(pickle.dumps({"a": 1})[:-2])
    with pytest.raises(DataError, match="damaged"):
        vocabulary.read_plain(path, int)


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
