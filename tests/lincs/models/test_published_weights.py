from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.lincs.data import load as data
from reread.lincs.methods import class_codes as codes
from reread.lincs.methods import class_codes as transfer
from reread.lincs.models import published_weights as weights
from reread.lincs.models.numpy_weights import Svq
from scipy.spatial.distance import cdist


def active(mu: np.ndarray) -> tuple[int, ...]:
    """Active nodes, ascending."""
    table = weights.active_nodes(mu)
    return tuple(sorted(table.loc[table["is_active"], "node"].tolist()))


@pytest.fixture(scope="module")
def simulated():
    return weights.load("simulated")


# what the published weights say


def test_the_twelve_published_nodes_are_those_of_large_norm(real):
    found = weights.load("weights")

    assert active(found.mu["SMGP"]) == weights.SIGNATURE_NODES
    assert {name: len(active(mu)) for name, mu in found.mu.items()} == {
        "SMP": 18,
        "GP": 11,
        "SMGP": 12,
    }


def test_all_75_classes_have_the_printed_neighbour_at_the_printed_distance(real):
    found = weights.load("weights")
    near = codes.against_printed(codes.distance(found.model.codes), found.pcls, found.printed_neighbours)

    assert near["is_equal"].sum() == 75
    assert near["difference"].max() < 1e-12


def test_codes_decode_to_the_genes_of_their_pathway(real):
    found = weights.load("weights")
    ranks = codes.textbook_ranks(found.model.profiles(), found.pcls, found.symbols, found.textbook)
    rank = ranks.set_index(["pcl", "symbol"])["rank"]

    assert rank["CP_MEK_INHIBITOR", "DUSP6"] <= 3
    assert rank["CP_GLUCOCORTICOID_RECEPTOR_AGONIST", "TSC22D3"] == 1


def test_published_profiles_hold_for_signatures_of_other_batches(real):
    found = weights.load("weights")
    tried = transfer.evaluate_transfer(found.model.profiles(), found.pcls, found.unseen)

    assert tried.macro["macro_mrr"] == pytest.approx(0.166, abs=5e-4)
    assert tried.macro["null_mean"] == pytest.approx(0.065, abs=2e-3)
    assert tried.macro["p"] < 0.01
    example = transfer.of_example(tried.score, found.unseen.meta, found.pcls, found.example)
    assert example == {"n": 11, "on_pathway": 11}


# planted weights


def test_planted_weights_give_back_what_was_planted(simulated):
    truth = data.load("simulated", kind="drug").truth
    strong = [i for i, strength in enumerate(truth.strength) if strength == "strong"]

    assert active(simulated.mu["many"]) == simulated.printed_nodes
    assert simulated.model.profiles()[strong] == pytest.approx(truth.programs[strong], abs=1e-4)
    near = codes.against_printed(
        codes.distance(simulated.model.codes), simulated.pcls, simulated.printed_neighbours
    )
    assert near["is_equal"].all() and near["difference"].max() < 1e-12


def test_planted_classes_are_ranked_well_and_the_inert_one_by_chance(simulated):
    tried = transfer.evaluate_transfer(
        simulated.model.profiles(), simulated.pcls, simulated.unseen, n_permutations=199
    )
    chance = np.mean(1 / np.arange(1, 13))

    assert tried.macro["p"] <= 0.005
    assert tried.drugs.set_index("pcl").loc[[simulated.control], "mrr"].mean() == pytest.approx(
        chance, abs=0.15
    )
    assert tried.macro["macro_mrr"] > 2 * chance


def test_a_textbook_names_the_strongest_gene_of_every_strong_class(simulated):
    ranks = codes.textbook_ranks(
        simulated.model.profiles(), simulated.pcls, simulated.symbols, simulated.textbook
    )

    assert len(ranks) == 9 and (ranks["rank"] == 1).all()


# the parts


def test_nodes_are_cut_at_the_largest_gap():
    mu = np.diag([0.1, 2.0, 0.09, 1.0, 0.11])

    assert active(mu) == (1, 3)


@pytest.mark.parametrize("mu", [np.zeros((3, 2)), np.array([[1.0]]), np.array([[1.0], [np.nan]])])
def test_nodes_without_a_gap_are_refused(mu):
    with pytest.raises(DataError, match="at least two units with a finite, positive weight norm"):
        weights.active_nodes(mu)


def test_distance_is_scipys_and_nearest_is_never_oneself():
    x = np.random.default_rng(0).standard_normal((5, 9))
    apart = codes.distance(x)
    slow = cdist(x, x, metric="correlation")

    assert apart == pytest.approx(slow, abs=1e-12)
    np.fill_diagonal(slow, np.inf)
    names = tuple("abcde")
    printed = pd.DataFrame({"pcl": names, "nn_pcl": "a", "corr_dist": 0.1})
    nearest = codes.against_printed(apart, names, printed)["nearest"]
    assert nearest.tolist() == [names[i] for i in slow.argmin(axis=1)]


def test_a_constant_code_has_no_correlation():
    with pytest.raises(DataError, match="constant, so it has no correlation: row 1"):
        codes.distance(np.array([[1.0, 2], [3, 3], [2, 0]]))


def test_printed_neighbours_of_other_classes_are_refused():
    printed = pd.DataFrame({"pcl": list("abc"), "nn_pcl": list("bax"), "corr_dist": 0.1})

    with pytest.raises(DataError, match="of other classes than the codes"):
        codes.against_printed(codes.distance(np.random.default_rng(0).random((3, 4))), tuple("abc"), printed)


def test_decoding_is_ten_times_a_tanh_in_double_precision(simulated):
    model = simulated.model
    slow = [[10 * np.tanh(sum(float(w) * float(z) for w, z in zip(row, code, strict=True)))
             for row in model.weights["decoder.0.weight"][:3]] for code in model.codes[:2]]  # fmt: skip

    assert model.decode(model.codes)[:2, :3] == pytest.approx(np.array(slow), abs=1e-9)


def test_the_null_of_useless_profiles_is_uniform():
    """p of noise against noise, many times: as often below one half as above."""
    below = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rank = rng.permuted(np.tile(np.arange(1, 21), (24, 1)), axis=1)
        drug = np.repeat(np.arange(8), 3)
        p = transfer.macro(rank, drug, drug.astype(str), n_permutations=99, seed=seed)["p"]
        below += p < 0.5

    assert 18 <= below <= 42


def test_signatures_of_a_class_without_profile_are_refused(simulated):
    strange = replace(simulated.unseen, meta=simulated.unseen.meta.assign(pcl="A9"))

    with pytest.raises(DataError, match="no profile of the class 'A9'"):
        transfer.evaluate_transfer(simulated.model.profiles(), simulated.pcls, strange)
    with pytest.raises(DataError, match="classes that are not known here, such as 'A9'"):
        replace(simulated, unseen=strange)


def test_the_error_of_zero_is_the_mean_square(simulated):
    values = simulated.unseen.values[:20]
    told = codes.reconstruction(simulated.model, values, np.zeros(20, dtype=int))

    assert told["zero"] == pytest.approx(np.mean(values**2))
    assert set(told) == {"zero", "own_code", "nearest_code", "unquantised", "saturated", "same_nearest"}


def test_the_nearest_code_is_compared_with_the_one_of_the_same_direction(simulated):
    values, own = simulated.unseen.values[:20], np.zeros(20, dtype=int)
    model = simulated.model
    hidden = model.encode(values)
    near = cdist(hidden, model.codes).argmin(axis=1) == cdist(hidden, model.codes, "cosine").argmin(axis=1)

    assert codes.reconstruction(model, values, own)["same_nearest"] == near.mean()
    scale = np.where(np.arange(len(model.codes)) == 3, 1e-3, 50)[:, None]
    long = Svq({**model.weights, "codes.weight": model.codes * scale})
    assert codes.reconstruction(long, values, own)["same_nearest"] < 1


# bad input


def saved(path, tensors):
    """Write tensors in the old format of torch."""
    torch = pytest.importorskip("torch")
    tensors = {name: torch.as_tensor(values, dtype=torch.float32) for name, values in tensors.items()}
    torch.save(tensors, path, _use_new_zipfile_serialization=False)
    return path


@pytest.fixture
def files(tmp_path):
    parts = {
        "encode": {"0.weight": np.ones((40, 9)), "0.bias": np.zeros(40)},
        "embedding": {"weight": np.ones((12, 40))},
        "decode": {"0.weight": np.ones((9, 40)), "0.bias": np.zeros(9)},
    }
    return {name: saved(tmp_path / f"{name}.pth", tensors) for name, tensors in parts.items()}


@pytest.mark.parametrize(
    ("tensors", "says"),
    [
        ({"bias": np.zeros(3)}, "has no tensor 'weight'; it has bias"),
        ({"weight": np.full((12, 40), np.nan)}, "weight holds numbers that are not finite"),
        ({"weight": np.zeros((12, 39))}, r"codes must have axes \(pcl, unit=40\)"),
    ],
)
def test_weights_that_do_not_fit_are_refused(files, tensors, says):
    saved(files["embedding"], tensors)

    with pytest.raises(DataError, match=says):
        weights.svqvae(files)


def test_weights_of_no_source_are_refused():
    with pytest.raises(ParameterError, match=r"no weights 'weight'.*Did you mean 'weights'"):
        weights.load("weight")
