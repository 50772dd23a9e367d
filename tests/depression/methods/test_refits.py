"""Refits on permuted donor labels: same cells, other labels, shards that join to one run."""

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError
from reread.depression.data import rank_values, splits, vocabulary
from reread.depression.data.simulate import simulate_cohort
from reread.depression.methods import baselines, refits, shift_statistics

N_REFITS = 3


class Linear:
    """A stand-in network: token vectors by seed, moved along one axis by the labels it was fitted on."""

    def __init__(self, cells, labels, is_train, seed):
        rng = np.random.default_rng(seed)
        n_tokens = int(cells.tokens.max()) + 1
        self.table = rng.normal(size=(n_tokens, 6)).astype(np.float32)
        self.place = rng.normal(size=(200, 6)).astype(np.float32)
        ranks = np.stack([self.ranks(cells[i], n_tokens) for i in range(len(cells))])
        means = [ranks[is_train & (labels == condition)].mean(axis=0) for condition in (0, 1)]
        self.weight = means[1] - means[0]
        self.table[:, 0] = 20 * self.weight

    @staticmethod
    def ranks(tokens, n_tokens):
        """How near to the front each token of a cell is; 0 where it is absent."""
        found = np.zeros(n_tokens)
        found[tokens] = 1 - np.arange(len(tokens)) / len(tokens)
        return found

    def embed(self, tokens, positions=None, *, pool="mean", precision="float32"):
        positions = np.arange(tokens.shape[1])[None] if positions is None else positions
        states = self.table[tokens] + 0.1 * self.place[positions]
        return states.mean(axis=1) if pool == "mean" else states

    def predict_proba(self, cells):
        return np.array([self.ranks(cells[i], len(self.weight)) @ self.weight for i in range(len(cells))])


@pytest.fixture(scope="module")
def cohort():
    return simulate_cohort(12, 12, 30, 6, log2_fold=2.0, seed=3)


@pytest.fixture(scope="module")
def design(cohort):
    counts, _ = cohort
    split = splits.by_donor(counts.cells, 3, seed=0)[0]
    words = vocabulary.from_counts(counts.take(~split.test))
    return refits.design(rank_values.encode(counts, words, 30), split, 10, seed=0)


def screen(design, folder, shard=(0, 1)):
    def fit(labels, seed, folder):
        return Linear(design.cells, labels, design.is_train, seed)

    changes = ["delete", "overexpress"]
    return refits.screen_models(design, fit, changes, N_REFITS, folder=folder, shard=shard)


def test_cells_are_held_out_and_half_of_each_condition(design):
    assert not design.is_train[design.rows].any()
    assert np.bincount(design.labels_of(0)[design.rows]).tolist() == [5, 5]
    assert (np.diff(design.cells.lengths[design.rows]) <= 0).all()


def test_permuted_labels_are_constant_in_a_donor_and_keep_their_number(design):
    assert (design.labels_of(0) == design.cells.cells["condition"]).all()
    drawn = [design.labels_of(model) for model in range(1, 6)]
    for labels in drawn:
        assert pd.Series(labels).groupby(design.cells.cells["donor"]).nunique().max() == 1
        assert labels[design.is_train].mean() == design.labels_of(0)[design.is_train].mean()
    assert len({labels.tobytes() for labels in drawn}) > 1


def test_shards_join_to_one_run_bit_for_bit(design, tmp_path):
    paths = []
    for n_shards in (1, 3):
        for shard in range(n_shards):
            part = screen(design, tmp_path / f"{n_shards}-{shard}", (shard, n_shards))
            paths.append(tmp_path / f"{n_shards}-{shard}.npz")
            refits.save_shard(paths[-1], part, n_models=N_REFITS + 1, n_cells=len(design.rows))
    whole, models = refits.read_shards(paths[:1])
    union, again = refits.read_shards([paths[3], paths[1], paths[2]])
    pd.testing.assert_frame_equal(union, whole, check_exact=True)
    pd.testing.assert_frame_equal(again, models, check_exact=True)
    with pytest.raises(DataError, match="missing from every shard: model"):
        refits.read_shards(paths[1:3])
    with pytest.raises(DataError, match="more than one shard"):
        refits.read_shards([*paths[1:], paths[1]])
    with pytest.raises(DataError, match="of 2 runs"):
        short = screen(design, tmp_path / "other")
        refits.save_shard(tmp_path / "other.npz", short, n_models=2, n_cells=len(design.rows))
        refits.read_shards([paths[0], tmp_path / "other.npz"])


def test_every_model_perturbs_the_same_cells_and_starts_by_its_own_labels(design, tmp_path):
    found = screen(design, tmp_path)
    for model, rows in found.shifts.groupby("model"):
        assert set(rows["cell"]) == set(design.rows)
        start = design.labels_of(model)[rows["cell"].to_numpy()]
        assert (rows["start"].to_numpy() == np.array(["control", "case"])[start]).all()
    assert found.parts["cell"].nunique() == refits.N_PARTS
    by_cell = found.shifts.query("model == 0 and change == 'delete'").set_index(["cell", "rank"])["shift"]
    parts = found.parts.set_index(["cell", "rank"])[["own", "context", "order"]].sum(axis=1)
    np.testing.assert_allclose(parts, by_cell.loc[parts.index], atol=1e-5)


def test_a_model_that_sees_the_disease_is_above_its_refits(design, cohort, tmp_path):
    found = screen(design, tmp_path)
    assert found.models["auroc"][0] > 0.8 > found.models["auroc"][1:].mean()
    table = shift_statistics.against_refits(found.shifts, "delete", level=0.2).set_index("gene")
    fold = dict(zip(range(2, 32), cohort[1]["log2_fold"], strict=True))
    signs = np.sign([fold[gene] for gene in table.index])
    assert np.corrcoef(signs, -table["toward_case"])[0, 1] > 0.5


def test_a_condition_without_held_out_cells_is_refused(design):
    cells = design.cells
    test = ~design.is_train & (design.labels_of(0) == 0)
    split = splits.Split("one", ~test, ~test & False, test)
    with pytest.raises(DataError, match="No held-out cell is case"):
        refits.design(cells, split, 4)


def test_state_means_are_those_of_single_cells(design):
    model = Linear(design.cells, design.labels_of(0), design.is_train, 0)
    rows = np.flatnonzero(design.is_train)
    means = refits.state_means(model.embed, design.cells, rows, design.labels_of(0))
    for condition in (0, 1):
        alone = [
            model.embed(design.cells[int(i)][None])[0] for i in rows if design.labels_of(0)[i] == condition
        ]
        np.testing.assert_allclose(means[condition], np.mean(alone, axis=0), rtol=1e-5)


def test_simple_rankings_find_disease_genes(cohort, design):
    counts, truth = cohort
    table, auroc = baselines.rank_genes(counts, design.is_train)
    assert auroc > 0.8
    disease = truth.set_index("gene")["log2_fold"].loc[table["gene"]].to_numpy()
    for column in ("coefficient", "pseudobulk_t"):
        assert np.corrcoef(np.sign(disease), table[column])[0, 1] > 0.6
    one_each = design.is_train & counts.cells["donor"].isin(counts.cells["donor"].unique()[:2])
    with pytest.raises(DataError, match="2 donors a condition"):
        baselines.rank_genes(counts, one_each)


class Half(Linear):
    """A stand-in whose half precision loses what ``noise`` says."""

    noise = 0.0

    def embed(self, tokens, positions=None, *, pool="mean", precision="float32"):
        exact = super().embed(tokens, positions, pool=pool)
        if precision == "float32":
            return exact
        return exact + self.noise * np.random.default_rng(7).normal(size=exact.shape).astype(np.float32)


@pytest.mark.parametrize(("noise", "is_half"), [(1e-7, True), (3.0, False)])
def test_half_precision_is_used_only_where_it_ranks_genes_as_fp32_does(design, tmp_path, noise, is_half):
    def run(folder, **how):
        def fit(labels, seed, folder):
            model = Half(design.cells, labels, design.is_train, seed)
            model.noise = noise
            return model

        return refits.screen_models(design, fit, ["delete"], 1, folder=tmp_path / folder, **how)

    half, exact = run("half", embedding={"precision": "bfloat16"}), run("exact")

    assert half.models["is_half"].tolist() == [is_half, is_half]
    assert not exact.models["is_half"].any()
    if not is_half:
        pd.testing.assert_frame_equal(half.shifts, exact.shifts)
