"""Perturbation: equal to a slow reference, to itself in shards, and after a kill."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.core.shards import shard_ranges
from reread.depression.methods import perturbation

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks"))
from oracles import geneformer_perturbation as oracle

WIDTH, N_TOKENS, MAX_LEN = 8, 40, 16
rng = np.random.default_rng(0)
TABLE = rng.normal(size=(N_TOKENS, WIDTH)).astype(np.float32)
POSITION = rng.normal(size=(MAX_LEN, WIDTH)).astype(np.float32)
STATES = rng.normal(size=(2, WIDTH)).astype(np.float32)
CELLS = [rng.permutation(np.arange(4, N_TOKENS))[:length] for length in (9, 12, 5, 16, 7)]


def states(tokens, positions):
    """A stand-in for a network with context: each state is a tanh of its token, its position and the mean."""
    mixed = TABLE[tokens] + 0.5 * POSITION[positions]
    return np.tanh(mixed + mixed.mean(axis=1, keepdims=True)).astype(np.float32)


def embed(tokens):
    return states(tokens, np.broadcast_to(np.arange(tokens.shape[1]), tokens.shape)).mean(axis=1)


@pytest.mark.parametrize("change", perturbation.CHANGES)
@pytest.mark.parametrize("batch_tokens", [1, 30, 10_000])
def test_shifts_equal_those_of_the_reference(change, batch_tokens):
    for tokens in CELLS:
        places, shifts = perturbation.cell_shifts(embed, tokens, STATES, change, batch_tokens=batch_tokens)
        slow = oracle.perturb_all(embed, tokens.tolist(), STATES[0], change)
        assert [place for place, _, _ in slow] == places[:, 0].tolist()
        np.testing.assert_allclose(shifts[:, 0], [shift for _, _, shift in slow], atol=1e-6)
        again = oracle.perturb_all(embed, tokens.tolist(), STATES[1], change)
        np.testing.assert_allclose(shifts[:, 1], [shift for _, _, shift in again], atol=1e-6)


@pytest.mark.parametrize("change", perturbation.CHANGES)
def test_pairs_equal_those_of_the_reference(change):
    places, shifts = perturbation.cell_shifts(embed, CELLS[0], STATES, change, size=2)
    slow = oracle.perturb_pairs(embed, CELLS[0].tolist(), STATES[0], change)
    assert [(i, j) for i, j, _ in slow] == [tuple(pair) for pair in CELLS[0][places].tolist()]
    np.testing.assert_allclose(shifts[:, 0], [shift for _, _, shift in slow], atol=1e-6)


def test_a_list_of_genes_perturbs_those_that_the_cell_has():
    wanted = [*CELLS[0][[2, 5]].tolist(), 3]
    places, shifts = perturbation.cell_shifts(embed, CELLS[0], STATES, "delete", genes=wanted)
    assert places[:, 0].tolist() == [2, 5]
    whole = perturbation.cell_shifts(embed, CELLS[0], STATES, "delete")[1]
    np.testing.assert_allclose(shifts, whole[[2, 5]], atol=1e-6)


def test_special_tokens_stay_in_their_places():
    tokens = np.concatenate([[2], CELLS[0], [3]])
    places = perturbation.places(tokens, "overexpress", special=True)
    assert places[:, 0].tolist() == list(range(2, len(tokens) - 1))  # the first gene is at the front already
    kept = tokens[perturbation.index_map(len(tokens), places, "overexpress", special=True)]
    assert (kept[:, 0] == 2).all() and (kept[:, -1] == 3).all()
    assert kept[:, 1].tolist() == tokens[places[:, 0]].tolist()


def test_index_maps_hold_every_other_token_in_order():
    deleted = perturbation.index_map(4, [[0], [2]], "delete")
    assert deleted.tolist() == [[1, 2, 3], [0, 1, 3]]
    assert perturbation.index_map(4, [[2]], "overexpress").tolist() == [[2, 0, 1, 3]]
    assert perturbation.index_map(4, [[3, 1]], "overexpress").tolist() == [[1, 3, 0, 2]]
    with pytest.raises(ParameterError, match="delete"):
        perturbation.index_map(4, [[0]], "deleted")


def screened(rows, folder, embed=embed, change="delete"):
    return perturbation.screen(CELLS, rows, embed, STATES, change, folder=folder)


def test_a_killed_screen_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(perturbation, "PART", 2)
    whole = screened(range(5), tmp_path / "whole")
    seen = []

    def killed(tokens):
        if tokens.shape[1] == len(CELLS[3]):
            raise KeyboardInterrupt
        return embed(tokens)

    def counted(tokens):
        seen.append(tokens.shape[1])
        return embed(tokens)

    with pytest.raises(KeyboardInterrupt):
        screened(range(5), tmp_path / "part", embed=killed)
    resumed = screened(range(5), tmp_path / "part", embed=counted)
    pd.testing.assert_frame_equal(resumed, whole, check_exact=True)
    assert len(CELLS[0]) not in seen  # the first part was not computed again
    assert not list(tmp_path.glob("part/.*"))


def test_an_empty_cell_is_refused(tmp_path):
    with pytest.raises(DataError, match="Cell 0 has no token"):
        perturbation.screen([np.array([], dtype=int)], [0], embed, STATES, "delete", folder=tmp_path)


def shards_of(n_shards, tmp_path, n_models=2):
    found = []
    for shard in range(n_shards):
        tables = [
            screened(units, tmp_path / f"{n_shards}-{shard}-{model}").assign(
                model=model, change="delete", start="case"
            )
            for model, units in shard_ranges(n_models, len(CELLS), shard, n_shards)
        ]
        shard = pd.concat(tables).assign(change="delete", start="case")
        found.append(shard.assign(unit=shard["cell"]))
    return found


@pytest.mark.parametrize("n_shards", [2, 3, 10])
def test_the_union_of_the_shards_equals_one_run_bit_for_bit(n_shards, tmp_path):
    whole = perturbation.gather(shards_of(1, tmp_path), 2, len(CELLS))
    shards = shards_of(n_shards, tmp_path)
    union = perturbation.gather(shards[::-1], 2, len(CELLS))
    pd.testing.assert_frame_equal(union, whole, check_exact=True)
    with pytest.raises(DataError, match="missing from every shard"):
        perturbation.gather(shards[1:], 2, len(CELLS))
    with pytest.raises(DataError, match="more than one shard"):
        perturbation.gather([*shards, shards[0]], 2, len(CELLS))
    with pytest.raises(DataError, match="shards of one run"):
        perturbation.gather(shards, 1, len(CELLS))


def test_the_parts_of_a_deletion_add_up_to_its_shift():
    for tokens in CELLS:
        parts = perturbation.deletion_parts(states, tokens, STATES[0], batch_tokens=20)
        shift = perturbation.cell_shifts(embed, tokens, STATES, "delete")[1][:, 0]
        np.testing.assert_allclose(parts[["own", "context", "order"]].sum(axis=1), shift, atol=1e-6)


def test_without_context_and_positions_only_the_own_part_is_left():
    def plain(tokens, positions):
        return TABLE[tokens]

    parts = perturbation.deletion_parts(plain, CELLS[1], STATES[0])
    np.testing.assert_allclose(parts[["context", "order"]], 0, atol=1e-6)
    assert parts["own"].abs().min() > 0
