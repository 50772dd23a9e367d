from __future__ import annotations

import numpy as np
import pytest
from reread.lincs.methods.pca import class_means, mse
from reread.lincs.models.fit import fit_svqvae, fit_vae
from reread.lincs.models.numpy_weights import Svq, Vae

ROWS = {"train": np.arange(48), "valid": np.arange(48, 60)}


@pytest.fixture(scope="module")
def task():
    rng = np.random.default_rng(0)
    label = np.arange(60) % 4
    values = 3 * rng.normal(size=(4, 13))[label] + rng.normal(size=(60, 13))
    return values.astype(np.float32), label


def test_a_trained_vae_is_arrays_that_rebuild_what_the_curve_says(task):
    network, curve = fit_vae(task[0], **ROWS, hidden=11, latent=5, epochs=8, batch=16)

    assert isinstance(network, Vae)
    rebuilt = network.rebuild(task[0][48:])
    assert mse(task[0][48:], rebuilt) == pytest.approx(curve["valid_mse"].iloc[-1], rel=1e-5)
    assert curve["epoch"].tolist() == list(range(1, 9))


def test_a_trained_svqvae_is_arrays_that_rebuild_what_the_curve_says(task):
    network, curve = fit_svqvae(*task, 4, **ROWS, dim=7, epochs=8, batch=16)

    assert isinstance(network, Svq)
    rebuilt = network.profiles()[task[1]]
    assert mse(task[0][48:], rebuilt[48:]) == pytest.approx(curve["valid_mse"].iloc[-1], rel=1e-5)


@pytest.mark.parametrize("codebook", ["published", "ema"])
def test_given_its_label_no_codebook_beats_the_mean_of_the_class(task, codebook):
    """A theorem on the rows it was taught: a code decodes to one profile, and the mean is the best one."""
    values, label = task[0][:48], task[1][:48]
    network, _ = fit_svqvae(
        *task, 4, **ROWS, dim=7, codebook=codebook, epochs=200, batch=16, learning_rate=1e-2
    )

    of_code = mse(values, network.profiles()[label])
    of_mean = mse(values, class_means(values, label, 4)[label])

    assert of_mean <= of_code < 1.1 * of_mean


def test_a_changed_setting_never_meets_the_checkpoint_of_another(task, tmp_path):
    settings = {**ROWS, "hidden": 11, "latent": 5, "epochs": 2, "batch": 16, "checkpoint": tmp_path}
    first = fit_vae(task[0], **settings)
    again = fit_vae(task[0], **settings)
    other = fit_vae(task[0], **settings, seed=1)

    assert len(list(tmp_path.glob("*.pt"))) == 2
    assert first[1].equals(again[1])
    assert not first[1].equals(other[1])
