from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.maize.models import cnn

SIDE, TISSUES, SAMPLES = 6, 3, 50
SMALL = {"widths": (4, 5), "dense": 7}


@pytest.fixture(scope="module")
def task():
    """50 images of 6 x 6; the tissue is one of three bright rows."""
    rng = np.random.default_rng(0)
    tissue = rng.integers(0, TISSUES, SAMPLES)
    images = rng.normal(size=(SAMPLES, SIDE, SIDE, 1)).astype(np.float32)
    images[np.arange(SAMPLES), 2 * tissue] += 2
    return images, tissue


def test_the_network_for_21111_genes_has_the_published_number_of_parameters():
    network = cnn.build(146, 11)

    assert network.count_params() == 170_267_275


def test_pooling_follows_every_second_convolution_and_softmax_the_last_layer():
    network = cnn.build(9, TISSUES, widths=(4, 5, 6), dense=7)

    assert network.get_layer("conv2").output.shape == (None, 9, 9, 5)
    assert network.get_layer("conv3").output.shape == (None, 4, 4, 6)
    assert network.output_shape == (None, TISSUES)


def test_an_image_too_small_to_pool_is_refused():
    with pytest.raises(ParameterError, match=r"at least 4 pixels a side .* there are 3 pixels"):
        cnn.build(3, TISSUES)


def test_the_written_out_loop_takes_the_steps_of_model_fit(task):
    """Without dropout and with one batch a pass nothing is drawn, and Keras is the oracle."""
    images, tissue = task
    ours, theirs = (cnn.build(SIDE, TISSUES, **SMALL, dropout=0) for _ in range(2))
    decay = keras.optimizers.schedules.InverseTimeDecay(1e-3, 1, 0.01)
    theirs.compile(
        keras.optimizers.RMSprop(decay, rho=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )

    curve = cnn.train(ours, images, tissue, epochs=5, rate=1e-3)
    kept = theirs.fit(images, tissue, epochs=5, batch_size=64, validation_split=0.1, verbose=0).history

    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        np.testing.assert_allclose(curve[name], kept[name], atol=1e-5)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-5)


def test_the_published_schedule_ends_550_steps_at_a_sixth_and_a_half():
    rate = cnn._optimizer(1e-4, "published")._learning_rate

    assert float(rate(550)) == pytest.approx(1e-4 / 6.5)


def test_training_finds_the_bright_row(task):
    images, tissue = task
    network = cnn.build(SIDE, TISSUES, **SMALL, momentum=0.9)

    curve = cnn.train(network, images, tissue, epochs=30, batch=16, rate=1e-2, validation=0)

    assert curve["loss"].iloc[-1] < curve["loss"].iloc[0] / 2
    assert curve["val_loss"].isna().all()
    assert (cnn.predict(network, images).argmax(axis=1) == tissue).mean() > 0.9


def test_equal_seeds_give_equal_weights_and_other_seeds_others(task):
    def weights(seed):
        network = cnn.build(SIDE, TISSUES, **SMALL, seed=seed)
        cnn.train(network, *task, epochs=2, batch=16, seed=seed)
        return np.concatenate([part.ravel() for part in network.get_weights()])

    assert (weights(1) == weights(1)).all()
    assert (weights(1) != weights(2)).any()


def test_the_last_tenth_is_not_trained_on(task):
    images, tissue = task
    other = images.copy()
    other[45:] = 100

    def weights(seen):
        network = cnn.build(SIDE, TISSUES, **SMALL)
        cnn.train(network, seen, tissue, epochs=1)
        return np.concatenate([part.ravel() for part in network.get_weights()])

    assert (weights(images) == weights(other)).all()


def test_a_saved_network_reloads_to_equal_predictions_and_equal_files(task, tmp_path):
    network = cnn.build(SIDE, TISSUES, **SMALL)
    cnn.train(network, *task, epochs=1)
    topology, weights = cnn.save(network, tmp_path, "imbalanced")

    loaded = cnn.load(tmp_path, "imbalanced")

    assert (cnn.predict(loaded, task[0]) == cnn.predict(network, task[0])).all()
    assert (topology.name, weights.name) == ("imbalanced_model_topology.json", "imbalanced_model.weights.h5")
    again = cnn.save(loaded, tmp_path / "again", "imbalanced")
    assert again[0].read_text() == topology.read_text()
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == sorted([topology.name, weights.name])


def test_half_a_saved_network_is_refused(tmp_path):
    cnn.save(cnn.build(SIDE, TISSUES, **SMALL), tmp_path, "half")[1].unlink()

    with pytest.raises(DataError, match=r"half_model.weights.h5 is missing"):
        cnn.load(tmp_path, "half")


def test_images_of_another_size_are_refused():
    network = cnn.build(SIDE, TISSUES, **SMALL)

    with pytest.raises(DataError, match=r"images must have axes \(sample, row=6, column=6, channel=1\)"):
        cnn.predict(network, np.zeros((4, 5, 6, 1), np.float32))


def test_importing_tensorflow_writes_nothing_to_standard_error():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from reread.maize.models import explainers as m; print(m.tf.reduce_sum([1.0]))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stderr == ""
    assert "1.0" in done.stdout


# what is asked for, up to TensorFlow itself; stand-ins take the place of torch and triton
IMPORTS = """
import sys
from importlib.machinery import ModuleSpec
import importlib.util
asked, has_triton = [], {has_triton}
class Stand:
    def find_spec(self, name, path=None, target=None):
        if name == "tensorflow":
            print(asked)
            sys.exit()
        wanted = name in ("triton", "torch")
        return ModuleSpec(name, self, is_package=True) if wanted else None
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        asked.append(module.__name__)
known = importlib.util.find_spec
def find_spec(name, *rest):
    return None if name == "triton" and not has_triton else known(name, *rest)
importlib.util.find_spec = find_spec
sys.meta_path.insert(0, Stand())
from reread.maize.models import cnn
"""


@pytest.mark.parametrize(("has_triton", "expected"), [("True", "['triton']"), ("False", "[]")])
def test_triton_is_loaded_before_tensorflow_only_where_it_is_installed(has_triton, expected):
    code = IMPORTS.replace("{has_triton}", has_triton)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stdout.strip() == expected, done.stderr


def test_tensorflow_and_an_optimizer_of_torch_live_in_one_process():
    pytest.importorskip("torch", reason="torch is an extra of other studies")
    code = (
        "from reread.maize.models import cnn; import torch;"
        "torch.optim.AdamW([torch.nn.Parameter(torch.zeros(2))]); print(cnn.tf.reduce_sum([1.0]).numpy())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.strip()) == (0, "1.0")
