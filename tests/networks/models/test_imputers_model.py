from __future__ import annotations

import numpy as np
import pytest
import torch
from reread.core.errors import ParameterError
from reread.networks.models import imputers


@pytest.fixture(scope="module")
def cells():
    """Genes that follow one factor of the cell, and zeros."""
    rng = np.random.default_rng(0)
    factor = rng.random((70, 1))
    values = np.maximum(3 * factor * rng.random((1, 12)) + 0.1 * rng.normal(size=(70, 12)), 0)
    return values.astype(np.float32)


@pytest.mark.parametrize("kind", imputers.KINDS)
def test_a_reconstruction_comes_nearer_with_training_and_is_repeatable(cells, kind):
    def error(epochs):
        return np.mean((imputers.denoise(cells, kind, latent=4, epochs=epochs, seed=1) - cells) ** 2)

    # the last batch of 70 cells has 6; a mean of each gene has the variance as its error
    assert error(30) < 0.6 * cells.var(axis=0).mean()
    assert error(2) == error(2) < error(1)


def test_the_small_network_is_four_matrix_products(cells):
    network = imputers.Small(12, 3)
    x = torch.as_tensor(cells)
    first, _, second = network.encode
    third, _, fourth = network.decode

    def gelu(y):
        return y * 0.5 * (1 + torch.erf(y / 2**0.5))

    latent = gelu(x @ first.weight.T + first.bias) @ second.weight.T + second.bias
    slow = gelu(latent @ third.weight.T + third.bias) @ fourth.weight.T + fourth.bias
    assert latent.shape == (70, 3)
    torch.testing.assert_close(network(x), slow)


def test_the_released_encoder_mixes_the_cells_of_a_batch_and_the_small_one_does_not(cells):
    changed = cells.copy()
    changed[0] += 1
    for kind, n_moved in (("autoencoder", 1), ("deeptgi-encoder", 32)):
        recipe = imputers.Denoiser(cells, kind, 4, 0, "cpu")
        before = recipe.rebuilt()
        recipe.values = torch.as_tensor(changed)
        moved = (np.abs(recipe.rebuilt() - before) > 1e-6).any(axis=1)
        assert moved.sum() == n_moved


def test_what_is_hidden_in_training_is_rebuilt_from_the_other_genes(cells):
    """The loss compares with the values before hiding: two equal genes predict each other."""
    twins = np.repeat(cells[:, :1] + 1, 4, axis=1)
    twins[:, 1:] += np.random.default_rng(0).normal(scale=0.01, size=(70, 3))
    shown = twins.copy()
    shown[:30, 0] = 0
    recipe = imputers.Denoiser(twins, "autoencoder", 2, 0, "cpu")
    for _ in range(150):
        recipe.run_epoch()
    recipe.values = torch.as_tensor(shown)

    assert np.abs(recipe.rebuilt()[:30, 0] - twins[:30, 0]).mean() < 0.5 * np.abs(twins[:30, 0]).mean()


def test_an_unknown_network_and_too_little_to_train_on_are_refused(cells):
    with pytest.raises(ParameterError, match="'autoencodr'"):
        imputers.denoise(cells, "autoencodr", latent=2, epochs=1)
    for values, epochs in ((cells[:1], 1), (cells, 0)):
        with pytest.raises(ParameterError, match="at least 2 cells and 1 epoch"):
            imputers.denoise(values, "autoencoder", latent=2, epochs=epochs)
