"""Shards cover a run once, and what is missing, double or of another run is refused by name."""

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.core.shards import read_arrays, refuse_gaps, save_arrays, shard_ranges


@pytest.mark.parametrize(("n_groups", "n_items", "n_shards"), [(3, 7, 5), (1, 4, 4), (21, 40, 6)])
def test_every_unit_is_in_one_shard(n_groups, n_items, n_shards):
    shards = [
        np.array(
            [(group, item) for group, items in shard_ranges(n_groups, n_items, k, n_shards) for item in items]
        )
        for k in range(n_shards)
    ]
    expected = [(group, item) for group in range(n_groups) for item in range(n_items)]
    assert np.concatenate(shards).tolist() == [list(one) for one in expected]
    assert max(map(len, shards)) - min(map(len, shards)) <= 1
    refuse_gaps(shards, n_groups, n_items)


@pytest.mark.parametrize(("shard", "n_shards"), [(4, 4), (-1, 4), (0, 5)])
def test_a_shard_that_does_not_exist_is_refused(shard, n_shards):
    with pytest.raises(ParameterError, match="use 0 to 3"):
        list(shard_ranges(1, 4, shard, n_shards))


def test_gaps_doubles_and_other_runs_are_refused():
    units = np.argwhere(np.ones((2, 3)))
    names = ("model", "cell")
    with pytest.raises(DataError, match="1 of 6 units are missing from every shard: model 1 cell 2"):
        refuse_gaps([units[:-1]], 2, 3, names)
    with pytest.raises(DataError, match="1 of 6 units are in more than one shard: model 0 cell 0"):
        refuse_gaps([units, units[:1]], 2, 3, names)
    with pytest.raises(DataError, match="the run has 1 models and 3 cells"):
        refuse_gaps([units], 1, 3, names)


def test_arrays_are_read_as_they_were_written(tmp_path):
    arrays = {"number": np.arange(3, dtype=np.int32), "word": np.array(["a", "bc", ""])}
    save_arrays(tmp_path / "new/part.npz", arrays)
    found = read_arrays(tmp_path / "new/part.npz")
    assert list(found) == list(arrays) and found["number"].dtype == np.int32
    assert all((found[name] == one).all() for name, one in arrays.items())
    with pytest.raises(ValueError, match="allow_pickle=False"):
        np.savez(tmp_path / "evil.npz", word=np.array([{}], dtype=object))
        read_arrays(tmp_path / "evil.npz")
