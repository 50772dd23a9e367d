from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.lincs.models.numpy_weights import Svq, Vae, nearest_code, save_arrays


def network(kind):
    """A network of 13 genes, 11 hidden and 5 latent numbers (or 4 codes of 7), and its arrays."""
    from reread.lincs.models.svqvae import dense
    from reread.lincs.models.vae import VaeNetwork

    made = VaeNetwork(13, 11, 5) if kind is Vae else dense(13, 4, 7)
    return made, kind({name: part.numpy() for name, part in made.state_dict().items()})


@pytest.fixture(scope="module")
def values():
    return np.random.default_rng(0).normal(scale=3, size=(9, 13)).astype(np.float32)


def test_arrays_encode_and_decode_as_the_network_does(values):
    import torch

    made, fitted = network(Vae)
    with torch.no_grad():
        mu, logvar = made.posterior(torch.as_tensor(values))
        rebuilt = made.decode(mu)

    np.testing.assert_allclose(fitted.posterior(values), (mu, logvar), atol=1e-5)
    np.testing.assert_allclose(fitted.rebuild(values), rebuilt, atol=1e-4)


def test_codes_decode_as_the_network_does(values):
    import torch

    made, fitted = network(Svq)
    with torch.no_grad():
        z, profiles = made.encoder(torch.as_tensor(values)), made.decoder(made.codes.weight)

    np.testing.assert_allclose(fitted.encode(values), z, atol=1e-5)
    np.testing.assert_allclose(fitted.profiles(), profiles, atol=1e-4)


def test_layers_lie_on_the_way(values):
    _, fitted = network(Vae)
    layers = fitted.layers(values)

    assert {name: part.shape for name, part in layers.items()} == {
        "e1": (9, 11), "e2": (9, 11), "e3": (9, 5), "d1": (9, 11), "d2": (9, 11),
    }  # fmt: skip
    np.testing.assert_array_equal(layers["e3"], fitted.encode(values))


def test_a_draw_moves_with_its_seed_and_is_wider_than_the_mean(values):
    _, fitted = network(Vae)

    np.testing.assert_array_equal(fitted.rebuild_sampled(values, 1), fitted.rebuild_sampled(values, 1))
    assert np.abs(fitted.rebuild_sampled(values, 1) - fitted.rebuild_sampled(values, 2)).max() > 1e-3
    assert fitted.generate(6, 1).shape == (6, 13)
    assert np.abs(fitted.generate(6, 1)).max() <= 10


def test_weights_come_back_from_a_file(tmp_path, values):
    _, fitted = network(Vae)

    back = Vae.load(fitted.save(tmp_path / "weights.npz"))

    np.testing.assert_array_equal(back.encode(values), fitted.encode(values))
    assert [path.name for path in tmp_path.iterdir()] == ["weights.npz"]


def test_weights_of_another_network_are_refused(tmp_path):
    path = save_arrays(tmp_path / "weights.npz", **network(Svq)[1].weights)

    with pytest.raises(DataError, match=r"lacks .* not the weights of a VAE"):
        Vae.load(path)


@pytest.mark.parametrize("wrong", [np.full((11, 13), np.nan), np.zeros((9, 13)), np.full((11, 13), "a")])
def test_weights_of_another_size_or_not_finite_are_refused(tmp_path, wrong):
    weights = network(Vae)[1].weights | {"encoder.0.weight": wrong}

    with pytest.raises(DataError, match=r"encoder.0|read as weights"):
        Vae.load(save_arrays(tmp_path / "weights.npz", **weights))


def test_a_file_of_python_objects_is_refused(tmp_path):
    np.savez(tmp_path / "bad.npz", mu=np.array([{"a": 1}], dtype=object))

    with pytest.raises(DataError, match=r"cannot be read as weights of a VAE"):
        Vae.load(tmp_path / "bad.npz")


def test_values_of_other_genes_are_refused(values):
    with pytest.raises(DataError, match=r"values must have axes \(signature, gene=13\)"):
        network(Vae)[1].encode(values[:, :12])


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_the_nearest_code_agrees_with_one_signature_at_a_time(metric):
    rng = np.random.default_rng(0)
    z, codes = rng.normal(size=(9, 5)), rng.normal(size=(4, 5)) * [[0.1], [1], [2], [9]]
    distance = {
        "euclidean": lambda a, b: np.linalg.norm(a - b),
        "cosine": lambda a, b: -a @ b / np.linalg.norm(b),
    }[metric]

    slow = [min(range(4), key=lambda k: distance(one, codes[k])) for one in z]

    assert nearest_code(z, codes, metric).tolist() == slow
