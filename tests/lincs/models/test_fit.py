from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
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
    trained = fit_vae(task[0], **ROWS, hidden=11, latent=5, epochs=8, batch=16)

    assert isinstance(trained.network, Vae)
    rebuilt = trained.network.rebuild(task[0][48:])
    assert mse(task[0][48:], rebuilt) == pytest.approx(trained.history["valid_mse"].iloc[-1], rel=1e-5)
    assert trained.history["epoch"].tolist() == list(range(1, 9))


def test_a_trained_svqvae_is_arrays_that_rebuild_what_the_curve_says(task):
    trained = fit_svqvae(*task, 4, **ROWS, dim=7, epochs=8, batch=16)

    assert isinstance(trained.network, Svq)
    rebuilt = trained.network.profiles()[task[1]]
    assert mse(task[0][48:], rebuilt[48:]) == pytest.approx(trained.history["valid_mse"].iloc[-1], rel=1e-5)


@pytest.mark.parametrize("codebook", ["published", "ema"])
def test_given_its_label_no_codebook_beats_the_mean_of_the_class(task, codebook):
    """A theorem on the rows it was taught: a code decodes to one profile, and the mean is the best one."""
    values, label = task[0][:48], task[1][:48]
    trained = fit_svqvae(*task, 4, **ROWS, dim=7, codebook=codebook, epochs=200, batch=16, learning_rate=1e-2)

    of_code = mse(values, trained.network.profiles()[label])
    of_mean = mse(values, class_means(values, label, 4)[label])

    assert of_mean <= of_code < 1.1 * of_mean


def test_a_changed_setting_never_meets_the_checkpoint_of_another(task, tmp_path):
    settings = {**ROWS, "hidden": 11, "latent": 5, "epochs": 2, "batch": 16, "checkpoint": tmp_path}
    first = fit_vae(task[0], **settings)
    again = fit_vae(task[0], **settings)
    other = fit_vae(task[0], **settings, seed=1)

    assert len(list(tmp_path.glob("*.pt"))) == 2
    assert first.history.equals(again.history)
    assert not first.history.equals(other.history)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"loss": "explict"}, ParameterError, "Did you mean 'explicit'"),
        ({"epochs": 0}, ParameterError, "at least 1 epoch"),
        ({"train": np.arange(0)}, DataError, "train is empty"),
    ],
)
def test_a_wrong_task_for_the_vae_is_refused_before_training(task, change, error, said):
    with pytest.raises(error, match=said):
        fit_vae(task[0], **(ROWS | change))


def test_values_that_are_not_finite_are_refused(task):
    with pytest.raises(DataError, match="finite"):
        fit_vae(np.where(task[0] > 3, np.nan, task[0]), **ROWS)


def test_a_label_without_a_code_is_refused(task):
    with pytest.raises(DataError, match="label must be 0 to 2, but holds 0 to 3"):
        fit_svqvae(*task, 3, **ROWS)


def test_an_unknown_codebook_is_refused(task):
    with pytest.raises(ParameterError, match="codebook must be one of published, ema"):
        fit_svqvae(*task, 4, **ROWS, codebook="EMA")
