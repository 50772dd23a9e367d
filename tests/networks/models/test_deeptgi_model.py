from __future__ import annotations

from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
import torch
from reread.networks.data.features import gene_features
from reread.networks.data.readers import read_expression, read_pairs
from reread.networks.data.splits import split_pairs
from reread.networks.data.tables import Pairs
from reread.networks.models.deeptgi import BatchAttention, DeepTGI, FusedRAdam, Published
from torch import nn

ORACLE = Path(__file__).parents[3] / "benchmarks/oracles/deeptgi_reference_loop.py"
PlainPublished = run_path(str(ORACLE))["PlainPublished"]


@pytest.fixture(scope="module")
def task():
    """23 genes of 11 features, 340 pairs: 19 full batches of training pairs and their swaps, and one of 4."""
    rng = np.random.default_rng(0)
    pairs = Pairs(rng.integers(0, 7, 340), rng.integers(0, 23, 340), rng.integers(0, 2, 340), tuple("x" * 23))
    rows = rng.permutation(340)
    features = rng.normal(size=(23, 11)).astype(np.float32)
    return {"features": features, "pairs": pairs, "train": rows[:306], "test": rows[306:]}


def weights(network: nn.Module) -> torch.Tensor:
    return torch.cat([part.detach().flatten() for part in network.parameters()])


def test_the_network_for_mhsc_e_has_the_published_number_of_parameters():
    with torch.device("meta"):
        network = DeepTGI(708)

    assert sum(part.numel() for part in network.parameters()) == 17_082_115


@pytest.mark.parametrize("attention", ["published", "zeros", "batch"])
def test_twenty_fast_steps_give_the_losses_and_weights_of_twenty_plain_ones(task, attention):
    plain = PlainPublished(**task, latent=40, attention=attention)
    fast = Published(**task, latent=40, attention=attention, device="cpu")
    plain_losses = plain.train_epoch()

    assert len(plain_losses) == 20
    np.testing.assert_allclose(fast.train_epoch(), plain_losses, atol=2e-6)
    np.testing.assert_allclose(fast.test_losses(), plain.test_losses(), atol=2e-6)
    assert (weights(fast.network) - weights(plain.network)).abs().max() < 1e-6


def test_the_second_pass_draws_as_the_authors_loop_does(task):
    plain = PlainPublished(**task, latent=40)
    fast = Published(**task, latent=40, device="cpu")
    for recipe in (plain, fast):
        recipe.train_epoch()
        recipe.test_losses()

    np.testing.assert_allclose(fast.train_epoch(), plain.train_epoch(), atol=5e-6)


def test_the_first_epoch_on_mhsc_e_gives_the_losses_the_authors_script_prints(mirror):
    folder = mirror / "networks"
    expression = read_expression(folder / "mHSC-E_ExpressionDataOrderedfl.csv", name="mhsc-e")
    pairs = read_pairs(folder / "GenePairListmHSC-E-Non-1000-GPL.csv", expression)
    fold = split_pairs(pairs, "pair")[0]
    features = gene_features(expression.values)

    recipe = Published(features, pairs, fold.train, fold.test, device="cpu")

    assert recipe.run_epoch() == pytest.approx({"train_loss": 0.133313, "test_loss": 0.123593}, abs=1e-6)


def test_fused_radam_takes_the_steps_of_radam():
    torch.manual_seed(0)
    ours = nn.Linear(5, 3)
    theirs = nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    optimizers = (
        FusedRAdam(ours.parameters(), lr=1e-2, weight_decay=1e-1),
        torch.optim.RAdam(theirs.parameters(), lr=1e-2, weight_decay=1e-1, foreach=False),
    )
    for _ in range(40):
        x = torch.randn(4, 5)
        for optimizer, layer in zip(optimizers, (ours, theirs), strict=True):
            optimizer.zero_grad()
            layer(x).square().sum().backward()
            optimizer.step()

        assert (weights(ours) - weights(theirs)).abs().max() < 1e-6


def slow_attention(layer: BatchAttention, x: torch.Tensor, join) -> torch.Tensor:
    """One head and one pair at a time; ``join`` puts the heads' (pair, depth) tables together."""
    heads = []
    for head in range(4):
        part = slice(head * layer.depth, (head + 1) * layer.depth)
        query, key, value = (x @ map_.weight[part].T for map_ in (layer.query, layer.key, layer.value))
        rows = [torch.softmax(key @ one / layer.depth**0.5, 0) @ value for one in query]
        heads.append(torch.stack(rows))
    return join(heads) @ layer.join.weight.T


def test_attention_over_the_batch_agrees_with_one_head_and_one_pair_at_a_time():
    torch.manual_seed(0)
    layer, x = BatchAttention(22, "batch"), torch.randn(6, 22)

    slow = slow_attention(layer, x, lambda heads: torch.cat(heads, dim=1))

    torch.testing.assert_close(layer(x), slow)


def test_the_published_fault_deals_out_features_before_pairs():
    torch.manual_seed(0)
    layer, x = BatchAttention(22, "published"), torch.randn(6, 22)

    slow = slow_attention(layer, x, lambda heads: torch.cat([h.T.flatten() for h in heads]).view(6, 20))

    torch.testing.assert_close(layer(x), slow)


def test_attention_put_to_zero_says_nothing():
    assert BatchAttention(22, "zeros")(torch.randn(6, 22)).abs().max() == 0


def test_predictions_of_the_published_network_depend_on_their_company(task):
    recipe = Published(**task, latent=40, device="cpu")
    recipe.train_epoch()
    tf, gene = task["pairs"].tf[:32], task["pairs"].gene[:32]
    other = tf.copy()
    other[5] = (other[5] + 1) % 7

    moved = np.abs(recipe.predict(tf, gene) - recipe.predict(other, gene)) > 1e-6

    assert moved.sum() == 32


def test_training_leaves_the_global_random_stream_where_it_was(task):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)

    Published(**task, latent=40, device="cpu").train_epoch(2)

    assert torch.equal(torch.rand(2), expected)
