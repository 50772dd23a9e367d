"""Pickles of plain values are read, and one that names a class or a function is refused before it runs."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.core.pickles import read_plain


class Evil:
    def __reduce__(self):
        return os.mkdir, ("ran",)


@pytest.mark.parametrize("value", [{"a": Evil()}, {"a": np.array([1.0])}, {"a": np.dtype("O")}])
def test_a_pickle_with_anything_but_plain_values_is_refused(tmp_path, monkeypatch, value):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.pkl").write_bytes(pickle.dumps(value))

    with pytest.raises(DataError, match=r"refused|damaged"):
        read_plain(tmp_path / "words.pkl", int)
    assert not (tmp_path / "ran").exists()


def test_a_list_a_damaged_file_and_a_missing_one_are_refused(tmp_path):
    path = tmp_path / "words.pkl"
    with pytest.raises(DataError, match="no file"):
        read_plain(path, int)
    path.write_bytes(pickle.dumps([1]))
    with pytest.raises(DataError, match="holds a list"):
        read_plain(path, int)
    path.write_bytes(pickle.dumps({"a": "b"}))
    with pytest.raises(DataError, match=r"to int, but holds \('a', 'b'\)"):
        read_plain(path, int)
    path.write_bytes(pickle.dumps({"a": 1})[:-2])
    with pytest.raises(DataError, match="damaged"):
        read_plain(path, int)
