from __future__ import annotations

import json
import sys
from dataclasses import replace
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import pytest
import torch
from reread.core.data.pretrained import Pretrained
from reread.core.errors import DataError, ParameterError
from reread.genomes.models import enformer
from reread.genomes.models import predict as predicting
from reread.genomes.models.predict import COMPLEMENT, convolve_once, predict, shifted, train
from safetensors import torch as safetensors

SIZE = enformer.Architecture(dim=48, depth=1, heads=2, key_dim=16, divisible_by=8, n_tracks=5, tf_gamma=False)


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
    size = enformer.Architecture(
        dim=48, depth=2, heads=2, key_dim=64, divisible_by=8, n_tracks=5, tf_gamma=False
    )
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


# distances 0, 1, 48, 96, 500 and 1500 of 1,536 bins by features 0, 1, 7 and 31 of the gammas that TensorFlow
# computes for the published network, as enformer-pytorch (MIT) keeps them in precomputed/tf_gammas.pt
DISTANCES, GAMMAS = [0, 1, 48, 96, 500, 1500], [0, 1, 7, 31]
OF_TENSORFLOW = [
    [5.35614e-07, 5.8573e-07, 6.00742e-07, 6.03167e-07],
    [0.000396617, 5.8573e-07, 6.00742e-07, 6.03167e-07],
    [0.872011, 0.0881139, 6.00742e-07, 6.03167e-07],
    [0.127772, 0.968583, 6.00742e-07, 6.03167e-07],
    [5.35614e-07, 5.8573e-07, 4.49273e-05, 6.03167e-07],
    [5.35614e-07, 5.8573e-07, 6.00742e-07, 0.327199],
]


def test_gammas_of_the_published_network_are_those_of_tensorflow():
    """They differ by the rounding of large logarithms in fp32; those of a plain port differ by up to 1."""
    features = enformer.positional_features(1_536, 192, tf_gamma=True)[1_535:, 64:96]
    found = features[DISTANCES][:, GAMMAS].numpy()

    np.testing.assert_allclose(found, OF_TENSORFLOW, atol=2e-3)
    plain = enformer.positional_features(1_536, 192, tf_gamma=False)[1_535:, 64:96]
    assert np.abs(plain[DISTANCES][:, GAMMAS].numpy() - OF_TENSORFLOW).max() > 0.5
    assert enformer.Architecture().tf_gamma


@pytest.fixture
def saved(network, tmp_path):
    """A folder as ``save_pretrained`` of enformer-pytorch writes it: config, and weights by both names."""

    def make(kind="pytorch_model.bin", **more):
        folder = tmp_path / "saved"
        folder.mkdir()
        config = {
            "architectures": ["Enformer"], "model_type": "enformer", "dim": 48, "depth": 1, "heads": 2,
            "attn_dim_key": 16, "dim_divisible_by": 8, "output_heads": {"human": 5, "mouse": 3},
            "target_length": 896, "dropout_rate": 0.4, "attn_dropout": 0.05, "pos_dropout": 0.01,
            "num_downsamples": 7, "use_convnext": False, "use_checkpointing": False, "use_tf_gamma": False,
        }  # fmt: skip
        (folder / "config.json").write_text(json.dumps(config | more))
        own = network.state_dict() | {"_heads.mouse.0.weight": torch.zeros(3, 96)}
        second = {
            f"_trunk.{enformer.TRUNK[part]}.{rest}": value
            for part, _, rest, value in ((*name.partition("."), value) for name, value in own.items())
            if part in enformer.TRUNK
        }
        if kind == "pytorch_model.bin":
            torch.save(own | second, folder / kind)
        else:  # one name of each only
            heads = {name: value for name, value in own.items() if name.startswith("_heads")}
            copied = {name: value.clone() for name, value in (second | heads).items()}
            safetensors.save_file(copied, folder / kind)
        return folder

    return make


@pytest.mark.parametrize("kind", ["pytorch_model.bin", "model.safetensors"])
def test_a_folder_that_save_pretrained_wrote_is_read_with_its_sizes(network, people, saved, kind):
    again = enformer.load_published(saved(kind))

    assert again.size == SIZE
    np.testing.assert_array_equal(predict(again, people[:2]), predict(network, people[:2]))


def test_gammas_follow_the_config_and_the_published_sizes(saved, tmp_path):
    assert enformer.load_published(saved(use_tf_gamma=True)).size.tf_gamma
    published = {"dim": 1536, "output_heads": {"human": 5313, "mouse": 1643}, "dropout_rate": 0.2}
    found = Pretrained(tmp_path / "model.safetensors", published | {"use_tf_gamma": False})
    assert enformer._size(found) == replace(enformer.Architecture(), dropout=0.2)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"dim": 96}, r"stem.0.weight must have shape \(48, 4, 15\), but is \(24, 4, 15\).\nAre config"),
        ({"depth": 2}, r"transformer.1.0.fn.0.weight must have shape \(48,\), but is absent"),
        (
            {"output_heads": {"human": 7}},
            r"_heads.human.0.weight must have shape \(7, 96\), but is \(5, 96\)",
        ),
        ({"use_convnext": True}, r"plain convolutions.*but has use_convnext=True"),
        ({"output_heads": {"rat": 5}}, r"a head 'human', but has .* heads \['rat'\]"),
        ({"num_downsamples": 6}, r"7 halvings .*num_downsamples=6"),
    ],
)
def test_weights_and_config_of_different_networks_are_refused(saved, more, message):
    with pytest.raises(DataError, match=message):
        enformer.load_published(saved(**more))


def test_a_file_that_holds_no_weights_is_refused(tmp_path):
    (tmp_path / "enformer.pt").write_text("no weights")

    with pytest.raises(
        DataError, match=r"enformer.pt cannot be read as weights: it is no file of torch.save"
    ):
        enformer.load_published(tmp_path / "enformer.pt")
    with pytest.raises(DataError, match=r"none.pt is no file, no folder, and no id"):
        enformer.load_published("none.pt")


def test_half_precision_rounds_and_leaves_nothing_behind(network, people):
    exact = predict(network, people)
    half = predict(network, people, precision="bfloat16")
    again = predict(network, people)

    assert 1e-5 < np.abs(half / exact - 1).max() < 0.1
    np.testing.assert_array_equal(again, exact)
    np.testing.assert_allclose(predict(network, people, precision="tf32"), exact, rtol=1e-3)
    with pytest.raises(ParameterError, match="no number format 'fp8'"):
        predict(network, people, precision="fp8")


def test_convolutions_do_not_depend_on_how_many_chunks_are_computed_at_once(network, people, monkeypatch):
    whole = predict(network, people)
    monkeypatch.setattr(predicting, "CHUNKS_AT_ONCE", {"cpu": 3})
    monkeypatch.setattr(predicting, "GROUP", 5)

    np.testing.assert_allclose(predict(network, people, batch=2), whole, rtol=1e-5, atol=1e-6)


def test_training_lowers_the_loss_and_equal_seeds_give_equal_weights(people):
    targets = np.ones((12, 24, 5), dtype=np.float32) * np.arange(5, dtype=np.float32)
    first, losses = train(people, targets, SIZE, epochs=4, batch=4, seed=3)
    second, _ = train(people, targets, SIZE, epochs=4, batch=4, seed=3)

    assert losses[-1] < losses[0]
    np.testing.assert_array_equal(predict(first, people[:2]), predict(second, people[:2]))


def test_at_the_start_of_training_blocks_hand_their_input_on():
    """What the first layer sees reaches the last: residual branches add nothing, convolutions little."""
    started = predicting._hand_on(enformer.Enformer(SIZE))
    for block in started.conv_tower:
        x = torch.randn(4, block[0][2].in_channels, 32)
        n = min(x.shape[1], block[0][2].out_channels)
        handed = block[0][2](x)[:, :n]

        assert torch.corrcoef(torch.stack([handed.flatten(), x[:, :n].flatten()]))[0, 1] > 0.9
        assert torch.equal(block[1](handed_on := block[0](x)), handed_on)


def test_the_small_network_learns_a_site_from_two_seeds():
    """One strong site decides the target; with the usual start of weights r is 0.12 for the first seed."""
    rng = np.random.default_rng(1)
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    bases = letters[rng.integers(0, 4, (320, 4 * 128))]
    n_sites = rng.integers(0, 4, 320)
    for row, n in enumerate(n_sites):
        for at in rng.choice(np.arange(140, 360, 16), n, replace=False):
            bases[row, at : at + 8] = np.frombuffer(b"TGACTCAT", dtype=np.uint8)
    targets = np.repeat(n_sites.astype(np.float32)[:, None, None], 4, axis=1).repeat(5, axis=2)
    for seed in range(2):
        made, _ = train(bases[:240], targets[:240], SIZE, epochs=5, rate=8e-3, seed=seed)
        found = predict(made, bases[240:])[:, 1:3].mean(axis=(1, 2))

        assert np.corrcoef(found, n_sites[240:])[0, 1] > 0.5
