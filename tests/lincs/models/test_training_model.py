"""That the recipes of this study go on from a checkpoint as if nothing had happened."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reread.core.training.loop import finish, fit
from reread.lincs.models.svqvae import Svqvae, dense
from reread.lincs.models.vae import VaeTraining

EPOCHS = 6


@pytest.fixture(params=["vae as published", "vae with warm-up", "svqvae as published", "svqvae corrected"])
def make(request):
    """Return a function that starts the same training anew: 13 genes, 48 signatures to learn from."""
    rng = np.random.default_rng(0)
    values, label = rng.normal(size=(60, 13)), rng.integers(0, 4, 60)
    split = {"train": np.arange(48), "valid": np.arange(48, 60), "batch": 20, "device": "cpu"}
    explicit = {"loss": "explicit", "beta": 1.0, "warmup": 5, "free_bits": 0.01}
    return {
        "vae as published": lambda: VaeTraining(values, hidden=11, latent=5, **split),
        "vae with warm-up": lambda: VaeTraining(values, hidden=11, latent=5, **split, **explicit),
        "svqvae as published": lambda: Svqvae(lambda: dense(13, 4, 7), values, label, **split),
        "svqvae corrected": lambda: Svqvae(lambda: dense(13, 4, 7), values, label, codebook="ema", **split),
    }[request.param]


def same(one, other) -> bool:
    pairs = zip(one.network.state_dict().values(), other.network.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def killed_in_epoch(recipe, number: int):
    """Make a recipe die in the middle of a pass, after it has already drawn and stepped."""
    whole, done = recipe.run_epoch, []

    def run_epoch():
        done.append(whole())
        if len(done) == number:
            raise KeyboardInterrupt
        return done[-1]

    recipe.run_epoch = run_epoch
    return recipe


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


@pytest.mark.parametrize("kept", [0, 0.5], ids=["an empty file", "half a file"])
def test_a_damaged_checkpoint_is_set_aside_and_training_starts_anew(make, tmp_path, capsys, kept):
    checkpoint, whole = tmp_path / "way.ckpt", make()
    curve = fit(whole, epochs=EPOCHS)
    fit(make(), epochs=4, checkpoint=checkpoint)
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[: int(kept * len(content))])
    capsys.readouterr()

    resumed = make()

    assert fit(resumed, epochs=EPOCHS, checkpoint=checkpoint) == curve
    assert same(resumed, whole)
    assert (tmp_path / "way.ckpt.damaged").exists()
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "way.ckpt is damaged" in said


def test_a_damaged_result_is_set_aside_and_trained_again(make, tmp_path):
    curve = finish(make(), epochs=EPOCHS, stem=tmp_path / "one", every=2)
    (tmp_path / "one.pt").write_bytes(b"")

    assert finish(make(), epochs=EPOCHS, stem=tmp_path / "one", every=2) == curve
    assert (tmp_path / "one.pt").stat().st_size > 0 and (tmp_path / "one.pt.damaged").exists()


def test_a_checkpoint_of_another_network_is_set_aside_and_leaves_no_weight_behind(make, tmp_path):
    checkpoint, whole = tmp_path / "way.ckpt", make()
    curve = fit(whole, epochs=EPOCHS)
    fit(make(), epochs=2, checkpoint=checkpoint)
    kept = torch.load(checkpoint, weights_only=True)
    kept["optimizer"] = {"state": {}}
    torch.save(kept, checkpoint)

    resumed = make()

    assert fit(resumed, epochs=EPOCHS, checkpoint=checkpoint) == curve
    assert same(resumed, whole)


def test_a_finished_training_is_read_back_without_training(make, tmp_path):
    first, second = make(), make()
    curve = finish(first, epochs=EPOCHS, stem=tmp_path / "one", every=2)
    second.run_epoch = None

    assert finish(second, epochs=EPOCHS, stem=tmp_path / "one", every=2) == curve
    assert same(first, second)
