from __future__ import annotations

import numpy as np
import pytest
import torch
from reread.core.training.loop import Stream, device_of, finish, fit
from reread.networks.data.tables import Pairs
from reread.networks.models.deeptgi import Published
from reread.networks.models.token_attention import Tokens

EPOCHS = 5


@pytest.fixture(params=["published", "corrected"])
def make(request):
    """Return a function that starts the same training anew: 13 genes, 48 training pairs, 12 test pairs."""
    rng = np.random.default_rng(0)
    pairs = Pairs(rng.integers(0, 5, 60), rng.integers(0, 13, 60), rng.integers(0, 2, 60), tuple("x" * 13))
    task = {"features": rng.normal(size=(13, 9)), "pairs": pairs, "device": "cpu"}
    task |= {"train": np.arange(48), "test": np.arange(48, 60)}
    if request.param == "published":
        return lambda: Published(**task, latent=16)
    neighbours = rng.integers(0, 13, (13, 3))
    return lambda: Tokens(**task, neighbours=neighbours, epochs=EPOCHS, batch_size=20)


def same(one, other) -> bool:
    pairs = zip(one.network.state_dict().values(), other.network.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def killed_in_epoch(recipe, number: int):
    """Make a recipe die in the middle of a pass, after it has already drawn and stepped."""
    whole, done = recipe.run_epoch, []

    def run_epoch():
        losses = whole()
        done.append(losses)
        if len(done) == number:
            raise KeyboardInterrupt
        return losses

    recipe.run_epoch = run_epoch
    return recipe


def test_two_trainings_are_bit_identical(make):
    one, other = make(), make()

    assert fit(one, epochs=EPOCHS) == fit(other, epochs=EPOCHS)
    assert same(one, other)


def test_a_killed_training_goes_on_bit_identical_to_one_that_was_not(make, tmp_path):
    checkpoint = tmp_path / "way.ckpt"
    whole = make()
    curve = fit(whole, epochs=EPOCHS)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        fit(killed_in_epoch(make(), 4), epochs=EPOCHS, checkpoint=checkpoint)
    torch.rand(3)

    resumed = make()

    assert fit(resumed, epochs=EPOCHS, checkpoint=checkpoint) == curve
    assert same(resumed, whole)


def test_a_killed_training_leaves_the_checkpoint_of_its_last_whole_pass_and_nothing_else(make, tmp_path):
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        fit(killed_in_epoch(make(), 4), epochs=EPOCHS, checkpoint=tmp_path / "way.ckpt", every=2)

    assert [path.name for path in tmp_path.iterdir()] == ["way.ckpt"]
    assert len(torch.load(tmp_path / "way.ckpt", weights_only=True)["curve"]) == 2


def test_a_finished_training_is_read_back_and_its_checkpoint_is_gone(make, tmp_path):
    first, second = make(), make()
    curve = finish(first, epochs=EPOCHS, stem=tmp_path / "fold", every=2)

    second.run_epoch = None  # reading back must not train

    assert finish(second, epochs=EPOCHS, stem=tmp_path / "fold", every=2) == curve
    assert same(first, second)
    assert [path.name for path in tmp_path.iterdir()] == ["fold.pt"]


def test_progress_is_a_line_for_each_tenth_and_silence_otherwise(make, capfd):
    fit(make(), epochs=EPOCHS)
    assert capfd.readouterr() == ("", "")

    fit(make(), epochs=EPOCHS, progress=True)
    assert capfd.readouterr().err.splitlines()[-1].startswith("epoch 5/5  train_loss ")


def test_a_stream_goes_on_from_its_state():
    stream = Stream(5, torch.device("cpu"))
    with stream:
        torch.rand(3)
    stream.numpy.normal()
    state = stream.state()
    with stream:
        expected = torch.rand(4), stream.numpy.beta(0.5, 0.5)

    other = Stream(6, torch.device("cpu"))
    other.restore(state)
    with other:
        found = torch.rand(4), other.numpy.beta(0.5, 0.5)

    assert torch.equal(found[0], expected[0])
    assert found[1] == expected[1]


def test_the_device_is_found():
    assert device_of("cpu").type == "cpu"
    assert device_of("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
