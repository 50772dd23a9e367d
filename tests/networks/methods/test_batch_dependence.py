from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.networks.data.tables import Pairs
from reread.networks.methods.batch_dependence import batch_dependence, change_one

N_PAIRS, BATCH = 50, 8


@pytest.fixture
def pairs():
    rng = np.random.default_rng(0)
    genes = tuple(f"g{k}" for k in range(19))
    return Pairs(
        rng.integers(0, 7, N_PAIRS), rng.integers(7, 19, N_PAIRS), rng.integers(0, 2, N_PAIRS), genes
    )


def alone(tf, gene, *, batch_size):
    return (tf + gene) / 30


def in_company(tf, gene, *, batch_size):
    """Half its own, half the mean of its batch."""
    own = (tf + gene) / 30
    batches = np.split(own, np.arange(batch_size, len(own), batch_size))
    return np.concatenate([(batch + batch.mean()) / 2 for batch in batches])


def test_where_pairs_are_predicted_alone_only_the_changed_one_moves(pairs):
    moves = change_one(alone, pairs, np.arange(N_PAIRS), batch_size=BATCH)

    assert np.flatnonzero(moves).tolist() == [0]


def test_where_pairs_see_their_batch_all_of_it_moves(pairs):
    measured = batch_dependence(in_company, pairs, np.arange(N_PAIRS), batch_size=BATCH)

    assert (measured["moved"], measured["batch"]) == (8, 8)
    assert measured["shuffled_largest_move"] > measured["shuffled_mean_move"] > 0
    assert measured["alone_flips"] > 0
    assert measured["alone_auroc_change"] != 0


def test_order_and_company_change_nothing_where_pairs_are_predicted_alone(pairs):
    measured = batch_dependence(alone, pairs, np.arange(N_PAIRS), batch_size=BATCH)

    assert measured.pop("batch") == BATCH
    assert measured.pop("moved") == 1
    assert set(measured.values()) == {0}


def test_a_batch_with_nothing_beyond_it_is_refused(pairs):
    with pytest.raises(DataError, match="beyond the first 50"):
        change_one(alone, pairs, np.arange(N_PAIRS), batch_size=50)
