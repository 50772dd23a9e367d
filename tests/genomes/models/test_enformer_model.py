from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import pytest
import torch
from reread.core.errors import DataError, ParameterError
from reread.genomes.models import enformer
from reread.genomes.models.predict import COMPLEMENT, convolve_once, predict, shifted, train

SIZE = enformer.Architecture(dim=48, depth=1, heads=2, key_dim=16, divisible_by=8, n_tracks=5)


class Absent(ModuleType):
    """A package that is imported and not used."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return object


def randomised(network, seed=0):
    """Weights that matter everywhere: those that start at 0 or 1 would hide a wrong layer."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in network.state_dict().items():
        if value.dtype.is_floating_point:
            noise = torch.randn(value.shape, generator=generator)
            value.copy_(1 + 0.1 * noise.abs() if name.endswith("running_var") else value + 0.05 * noise)
    return network.eval()


@pytest.fixture(scope="module")
def network():
    return randomised(enformer.Enformer(SIZE))


@pytest.fixture(scope="module")
def people():
    """Haplotypes of three sites: 12 sequences of 24 bins."""
    rng = np.random.default_rng(0)
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    sequences = np.repeat(letters[rng.integers(0, 4, (1, 24 * 128))], 12, axis=0)
    for at in (100, 1_500, 2_900):
        sequences[rng.random(12) < 0.5, at] = ord("A") if sequences[0, at] != ord("A") else ord("C")
    return sequences


@pytest.mark.skipif(find_spec("enformer_pytorch") is None, reason="enformer-pytorch is not installed")
@pytest.mark.slow
def test_tracks_equal_those_of_enformer_pytorch_with_the_same_weights(people, tmp_path, monkeypatch):
    for name in ("polars", "torchmetrics", "discrete_key_value_bottleneck_pytorch"):
        if find_spec(name) is None:  # the package imports them for its training loop, which is not used here
            monkeypatch.setitem(sys.modules, name, Absent(name))
    package = pytest.importorskip("enformer_pytorch.modeling_enformer")
    theirs = randomised(
        package.Enformer.from_hparams(
            dim=48, depth=2, heads=2, attn_dim_key=64, dim_divisible_by=8, output_heads={"human": 5},
            target_length=-1,
        )
    )  # fmt: skip
    torch.save(theirs.state_dict(), tmp_path / "weights.pt")
    size = enformer.Architecture(dim=48, depth=2, heads=2, key_dim=64, divisible_by=8, n_tracks=5)
    ours = enformer.load_published(tmp_path / "weights.pt", size)
    bases = enformer.one_hot(people[:4], torch.device("cpu")).transpose(1, 2)
    with torch.inference_mode():
        expected = theirs(bases)["human"].numpy()

    np.testing.assert_allclose(ours(bases).detach().numpy(), expected, rtol=1e-5, atol=1e-6)
    fast = predict(ours, people[:4], bins=(10, 14), tracks=[4, 1], reverse=False)
    np.testing.assert_allclose(fast, expected[:, 10:14][..., [4, 1]], rtol=1e-5, atol=1e-6)


def test_chunks_that_are_computed_once_give_the_convolutions_of_whole_sequences(network, people):
    computed = []
    hook = network.stem.register_forward_hook(lambda module, args, out: computed.append(args[0].shape))
    with torch.inference_mode():
        fast = convolve_once(network, people)
        hook.remove()
        slow = network.convolve(enformer.one_hot(people, network.device))

    np.testing.assert_allclose(fast.numpy(), slow.numpy(), rtol=1e-5, atol=1e-6)
    assert sum(shape[0] * shape[2] for shape in computed) < people.size


def test_one_base_moves_the_tracks_and_both_strands_give_the_same(network, people):
    forward = predict(network, people)
    backward = predict(network, COMPLEMENT[people][:, ::-1])

    np.testing.assert_allclose(forward, backward[:, ::-1], rtol=1e-4, atol=1e-6)
    assert np.abs(forward[0] - forward[1]).max() > 1e-6
    assert not np.allclose(predict(network, people[:1], shifts=(0, 3)), forward[:1], atol=1e-7)


def test_a_shift_moves_bases_and_leaves_n():
    row = np.frombuffer(b"ACGTA", dtype=np.uint8)[None]

    assert [shifted(row, by)[0].tobytes() for by in (0, 2, -1)] == [b"ACGTA", b"GTANN", b"NACGT"]


def test_weights_of_another_shape_and_lengths_that_do_not_fit_are_refused(network, people, tmp_path):
    enformer.save(network, tmp_path / "a.pt")
    again = enformer.load(tmp_path / "a.pt")
    np.testing.assert_array_equal(predict(again, people[:2]), predict(network, people[:2]))

    torch.save(network.state_dict(), tmp_path / "b.pt")
    with pytest.raises(DataError, match=r"must have shape \(.*\), but is"):
        enformer.load_published(
            tmp_path / "b.pt", enformer.Architecture(dim=96, depth=1, heads=2, divisible_by=8)
        )
    with pytest.raises(ParameterError, match="multiple of 128 bases, but has 200"):
        predict(network, people[:, :200])


def test_training_lowers_the_loss_and_equal_seeds_give_equal_weights(people):
    targets = np.ones((12, 24, 5), dtype=np.float32) * np.arange(5, dtype=np.float32)
    first, losses = train(people, targets, SIZE, epochs=4, batch=4, seed=3)
    second, _ = train(people, targets, SIZE, epochs=4, batch=4, seed=3)

    assert losses[-1] < losses[0]
    np.testing.assert_array_equal(predict(first, people[:2]), predict(second, people[:2]))
