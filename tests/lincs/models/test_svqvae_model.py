from __future__ import annotations

from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
import torch
from reread.lincs.models.svqvae import COMMITMENT, DIVERGENCE, Svqvae, bounded_loss, dense, published_loss
from torch import nn

ORACLE = Path(__file__).parents[3] / "benchmarks/oracles/lincs_reference_loops.py"
PlainSvqvae = run_path(str(ORACLE))["PlainSvqvae"]

N_GENES, N_CODES, DIM = 13, 4, 7


@pytest.fixture(scope="module")
def task():
    """60 signatures of 13 genes in four classes, each with a direction of its own."""
    rng = np.random.default_rng(0)
    label = rng.integers(0, N_CODES, 60)
    values = 3 * rng.normal(size=(N_CODES, N_GENES))[label] + rng.normal(size=(60, N_GENES))
    return values.astype(np.float32), label


def recipe(task, codebook="published", **settings) -> Svqvae:
    rows = np.arange(60)
    settings = {"batch": 16, "device": "cpu"} | settings
    make = lambda: dense(N_GENES, N_CODES, DIM)  # noqa: E731 (what a recipe takes)
    return Svqvae(make, *task, rows[:50], rows[50:], codebook=codebook, **settings)


def flat(network: nn.Module) -> torch.Tensor:
    return torch.cat([part.detach().flatten() for part in network.parameters()])


def points():
    torch.manual_seed(0)
    return torch.randn(9, 5), torch.randn(4, 5), torch.tensor([0, 1, 2, 3, 0, 1, 2, 3, 0])


def test_the_published_loss_agrees_with_one_signature_at_a_time():
    z, codes, label = points()
    slow = 0.0
    for one, own in zip(z, label, strict=True):
        nearest = min(range(4), key=lambda k: float((one - codes[k]).square().sum()))
        slow += (1 + COMMITMENT) * float((one - codes[own]).square().mean())
        if nearest != own:
            slow -= (1 + DIVERGENCE) * float((one - codes[nearest]).square().mean())

    assert float(published_loss(z, codes, label)) == pytest.approx(slow / 9, abs=1e-6)


def test_the_published_repulsion_has_no_floor_and_ours_has():
    """A code that is nearest to a signature of another class, ever farther away."""
    label, z = torch.tensor([0, 1]), torch.zeros(2, 3)
    published, bounded = [], []
    for size in (1.0, 10.0, 100.0):
        codes = torch.tensor([[size, 0, 0], [0, 0, size + 0.1]])
        published.append(
            float(published_loss(z + 1e-3, codes, label)) - float((codes[label] ** 2).mean() * 1.25)
        )
        bounded.append(float(bounded_loss(z + 1e-3, codes, label)))

    assert published[0] > 10 * published[1] and published[1] < 0
    assert published[2] < 50 * published[1]
    assert min(bounded) >= 0


def test_ours_is_zero_once_every_signature_is_at_its_code_and_far_from_others():
    codes = 2 * torch.eye(3)

    assert float(bounded_loss(codes.clone(), codes, torch.arange(3))) == 0


def test_ours_agrees_with_one_signature_at_a_time():
    z, codes, label = points()
    slow = 0.0
    for one, own in zip(z, label, strict=True):
        distance = [float((one - code).square().mean()) for code in codes]
        other = min(d for k, d in enumerate(distance) if k != own)
        slow += COMMITMENT * distance[own] + max(0.0, 2.5 + distance[own] - other)

    assert float(bounded_loss(z, codes, label, margin=2.5)) == pytest.approx(slow / 9, abs=1e-5)


def test_two_fast_passes_give_the_errors_and_weights_of_two_plain_ones(task):
    plain = PlainSvqvae(*task, np.arange(50), n_codes=N_CODES, dim=DIM, batch=16)
    errors = [np.mean(plain.train_epoch()) for _ in range(2)]
    fast = recipe(task)

    assert [fast.run_epoch()["train_mse"] for _ in range(2)] == pytest.approx(errors, abs=1e-5)
    assert (flat(fast.network) - flat(plain.network)).abs().max() < 1e-5


def test_what_is_rebuilt_depends_on_the_label_alone(task):
    values, label = map(torch.as_tensor, task)
    network = recipe(task).network

    rebuilt, _ = network(values, label)

    torch.testing.assert_close(rebuilt, network.decoder(network.codes.weight)[label])


def test_the_gradient_of_what_is_rebuilt_goes_straight_to_the_encoder(task):
    network = recipe(task).network
    rebuilt, _ = network(torch.as_tensor(task[0]), torch.as_tensor(task[1]))

    rebuilt.square().mean().backward()

    assert network.encoder[0].weight.grad.abs().max() > 0
    assert network.codes.weight.grad is None


def test_corrected_the_encoder_learns_from_the_codebook_alone(task):
    network = recipe(task, "ema").network
    rebuilt, _ = network(torch.as_tensor(task[0]), torch.as_tensor(task[1]), is_straight=False)

    rebuilt.square().mean().backward()

    assert network.encoder[0].weight.grad is None
    assert network.decoder[0].weight.grad.abs().max() > 0


def test_averaged_codes_come_to_the_means_of_their_classes(task):
    """With an encoder that stands still a moving average has one place to go."""
    one = recipe(task, "ema", learning_rate=0.0)
    for _ in range(400):
        one.run_epoch()

    z = one.network.encoder(torch.as_tensor(task[0])[:50]).detach().numpy()
    means = np.stack([z[task[1][:50] == k].mean(0) for k in range(N_CODES)])
    codes = one.network.codes.weight.numpy()

    assert np.abs(codes - means).max() < 0.3 * np.abs(means - means.mean(0)).max()


def test_no_step_of_the_optimiser_touches_averaged_codes(task):
    one = recipe(task, "ema")

    assert not one.network.codes.weight.requires_grad
    assert {"code_count", "code_sum"} < set(one.network.state_dict())


@pytest.mark.parametrize("codebook", ["published", "ema"])
def test_training_brings_the_error_down(task, codebook):
    one = recipe(task, codebook, learning_rate=1e-2)
    curve = [one.run_epoch() for _ in range(60)]

    assert curve[-1]["train_mse"] < 0.5 * curve[0]["train_mse"]
    assert curve[-1]["valid_mse"] < curve[0]["valid_mse"]
