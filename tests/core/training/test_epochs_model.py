"""Batches hold every row once, of similar length; the best epoch is kept with its weights."""

import numpy as np
import pytest
import torch
from reread.core.training.epochs import BestEpoch, by_tokens, length_grouped
from torch import nn

LENGTHS = np.random.default_rng(0).integers(1, 60, 1000)


def test_grouped_batches_hold_every_row_once_and_similar_lengths():
    rows = np.arange(0, 1000, 3)
    batches = length_grouped(rows, LENGTHS, 16, np.random.RandomState(0))
    assert sorted(np.concatenate(batches)) == rows.tolist()
    assert len(batches) == -(-len(rows) // 16) and max(map(len, batches)) == 16
    assert np.mean([np.ptp(LENGTHS[one]) for one in batches]) < 0.2 * np.ptp(LENGTHS)


@pytest.mark.parametrize("most", [1, 100, 700, 10**6])
def test_batches_by_tokens_keep_their_limit(most):
    batches = by_tokens(np.arange(1000), LENGTHS, most)
    assert sorted(np.concatenate(batches)) == list(range(1000))
    assert all(len(one) == 1 or len(one) * LENGTHS[one].max() <= most for one in batches)
    assert by_tokens(np.arange(0), LENGTHS, most) == []


def test_the_best_epoch_is_loaded_also_from_a_stored_state():
    best = BestEpoch(nn.Linear(2, 1))
    for loss in (0.7, 0.3, 0.5):
        nn.init.constant_(best.now.weight, loss)
        best.seen(loss)
    again = BestEpoch(nn.Linear(2, 1))
    again.load_state_dict(best.state_dict())
    assert again.finish() == 2 and torch.all(again.now.weight == 0.3)
    none = BestEpoch(nn.Linear(2, 1))
    none.seen(float("inf"))
    assert none.finish() == 0
