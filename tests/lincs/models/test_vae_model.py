from __future__ import annotations

from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
import torch
from reread.lincs.models.vae import VaeNetwork, VaeTraining, explicit_loss, kl, published_loss
from torch import nn

ORACLE = Path(__file__).parents[3] / "benchmarks/oracles/lincs_reference_loops.py"
PlainVae = run_path(str(ORACLE))["PlainVae"]


@pytest.fixture(scope="module")
def values():
    """60 signatures of 13 genes; one gene follows another."""
    values = np.random.default_rng(0).normal(scale=2, size=(60, 13)).astype(np.float32)
    values[:, 3] = -values[:, 0]
    return values


def recipe(values, **settings) -> VaeTraining:
    rows = np.arange(len(values))
    settings = {"hidden": 11, "latent": 5, "batch": 16, "device": "cpu"} | settings
    return VaeTraining(values, rows[:50], rows[50:], **settings)


def flat(network: nn.Module) -> torch.Tensor:
    return torch.cat([part.detach().flatten() for part in network.parameters()])


def gradient(network: nn.Module, loss: torch.Tensor) -> torch.Tensor:
    return torch.cat(
        [part.flatten() for part in torch.autograd.grad(loss, list(network.parameters()), retain_graph=True)]
    )


def test_the_published_network_has_the_published_size():
    with torch.device("meta"):
        network = VaeNetwork(978, 1000, 100)

    assert sum(part.numel() for part in network.parameters()) == 4_261_178


@pytest.mark.parametrize(("n_genes", "latent", "beta"), [(978, 100, 4.89), (978, 32, 15.28125), (13, 5, 1.3)])
def test_the_published_loss_is_the_explicit_one_with_a_beta_nobody_chose(n_genes, latent, beta):
    """Its gradient, times half the genes, is that of the evidence bound with beta = genes / (2 units)."""
    torch.manual_seed(0)
    network, x = VaeNetwork(n_genes, 17, latent).double(), torch.randn(7, n_genes, dtype=torch.float64)
    rebuilt, mu, logvar = network(x)
    passed = (rebuilt, x, mu, logvar)

    published, explicit, other = (
        gradient(network, loss)
        for loss in (
            n_genes / 2 * published_loss(*passed),
            explicit_loss(*passed, beta=beta),
            explicit_loss(*passed, beta=1.01 * beta),
        )
    )

    torch.testing.assert_close(published, explicit, rtol=1e-10, atol=1e-12)
    assert (published - other).abs().max() > 1e-6


def test_a_recipe_says_which_beta_its_averages_amount_to(values):
    assert recipe(values).beta_now() == 13 / (2 * 5)


def test_kl_agrees_with_torch_one_unit_at_a_time():
    torch.manual_seed(0)
    mu, logvar = torch.randn(4, 3), torch.randn(4, 3)
    standard = torch.distributions.Normal(0.0, 1.0)

    slow = [
        [
            torch.distributions.kl_divergence(torch.distributions.Normal(m, (v / 2).exp()), standard)
            for m, v in zip(ms, vs, strict=True)
        ]
        for ms, vs in zip(mu, logvar, strict=True)
    ]

    torch.testing.assert_close(kl(mu, logvar), torch.tensor(slow))


def test_free_bits_cost_nothing_until_they_are_used_up():
    x = torch.zeros(2, 3)
    mu = torch.tensor([[0.1, 2.0], [0.1, 2.0]], requires_grad=True)
    logvar = torch.zeros(2, 2)

    explicit_loss(x, x, mu, logvar, beta=1.0, free_bits=0.5).backward()

    assert mu.grad.tolist() == [[0.0, 1.0], [0.0, 1.0]]


def test_beta_rises_in_a_line_and_stays(values):
    slow = recipe(values, loss="explicit", beta=2.0, warmup=4)

    assert [slow.run_epoch()["beta"] for _ in range(6)] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.0]


def test_without_warm_up_beta_is_there_at_once(values):
    assert recipe(values, loss="explicit", beta=2.0).run_epoch()["beta"] == 2.0


def test_two_fast_passes_give_the_errors_and_weights_of_two_plain_ones(values):
    """The authors' item-by-item loop is the oracle: equal weights, equal draws."""
    plain = PlainVae(values, np.arange(50), hidden=11, latent=5, batch=16)
    errors = [np.mean(plain.train_epoch()) for _ in range(2)]
    fast = recipe(values)

    assert [fast.run_epoch()["train_mse"] for _ in range(2)] == pytest.approx(errors, abs=1e-5)
    assert (flat(fast.network) - flat(plain.network)).abs().max() < 1e-5


def test_a_beta_of_nought_lets_more_be_said_than_a_large_one(values):
    said = {}
    for beta in (0.0, 50.0):
        one = recipe(values, loss="explicit", beta=beta, seed=3)
        said[beta] = [one.run_epoch() for _ in range(30)][-1]["train_kl"]

    assert said[0.0] > 10 * said[50.0]


def test_validation_rows_change_nothing_that_is_learned(values):
    one, other = recipe(values), recipe(np.concatenate((values[:50], 9 * np.ones((10, 13)))))
    for each in (one, other):
        each.run_epoch()

    assert torch.equal(flat(one.network), flat(other.network))


def test_training_leaves_the_global_random_stream_where_it_was(values):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)

    recipe(values).run_epoch()

    assert torch.equal(torch.rand(2), expected)


def test_nothing_to_validate_is_said_as_not_a_number(values):
    one = VaeTraining(values, np.arange(60), np.arange(0), hidden=11, latent=5, device="cpu")

    assert np.isnan(one.run_epoch()["valid_mse"])
