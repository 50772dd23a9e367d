"""Ragged rows are written part by part, mapped again, and refused where they do not fit."""

import numpy as np
import pandas as pd
import pytest
from reread.core.data.ragged import open_ragged, write_ragged
from reread.core.errors import DataError


def part(*lengths):
    starts = np.cumsum([0, *lengths])
    return np.arange(starts[-1], dtype=np.int32), starts, pd.DataFrame({"name": ["007"] * len(lengths)})


def test_parts_are_joined_and_mapped(tmp_path):
    folder = write_ragged([part(2, 0), part(3)], tmp_path / "rows")
    values, starts, table = open_ragged(folder, {"name": str})
    assert isinstance(values, np.memmap)
    assert values.tolist() == [0, 1, 0, 1, 2] and starts.tolist() == [0, 2, 2, 5]
    assert table["name"].tolist() == ["007"] * 3


def test_rows_without_a_value_can_be_stored(tmp_path):
    values, starts, table = open_ragged(write_ragged([part(0, 0)], tmp_path / "rows"), {})
    assert len(values) == 0 and starts.tolist() == [0, 0, 0] and len(table) == 2


@pytest.mark.parametrize("name", ["values.i4", "starts.npy", "table.csv"])
def test_a_folder_with_a_missing_file_is_refused(tmp_path, name):
    folder = write_ragged([part(2, 1)], tmp_path / "rows")
    (folder / name).unlink()
    with pytest.raises(DataError, match="cannot be opened as stored rows"):
        open_ragged(folder, {})
