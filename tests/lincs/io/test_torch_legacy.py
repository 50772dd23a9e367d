from __future__ import annotations

import os
import pickle
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.lincs.io import torch_legacy as legacy

FILES = [
    "S_VQ_VAE_encode", "S_VQ_VAE_embedding", "S_VQ_VAE_decode", "VAE_mu_SMP", "VAE_mu_GP", "VAE_mu_SMGP",
    "VAE_logvar_SMP", "VAE_logvar_GP", "VAE_logvar_SMGP",
]  # fmt: skip


def dump(path, tensors):
    """Write tensors in the old format of torch."""
    torch = pytest.importorskip("torch")
    stored = {name: torch.as_tensor(np.asarray(one, dtype=np.float32)) for name, one in tensors.items()}
    torch.save(stored, path, _use_new_zipfile_serialization=False)
    return path


@pytest.fixture
def tensors():
    rng = np.random.default_rng(0)
    return {
        "0.weight": rng.standard_normal((3, 5)).astype(np.float32),
        "0.bias": rng.standard_normal(3).astype(np.float32),
    }


@pytest.fixture
def path(tmp_path, tensors):
    return dump(tmp_path / "a.pth", tensors)


def head() -> bytes:
    """The three pickles before the object."""
    return b"".join(pickle.dumps(one, 2) for one in (legacy.MAGIC, legacy.PROTOCOL, {"little_endian": True}))


class Touch:
    """Unpickled, it would leave a file behind."""

    def __init__(self, left: Path):
        self.left = left

    def __reduce__(self):
        return (os.system, (f"touch {self.left}",))


def test_what_was_written_is_read_again(path, tensors):
    found = legacy.load(path)

    assert list(found) == list(tensors)
    assert all((found[name] == tensors[name]).all() and found[name].flags.writeable for name in tensors)


def test_a_scalar_and_three_axes_keep_their_shape(tmp_path):
    written = {"a": np.float32(2.5), "b": np.arange(24, dtype=np.float32).reshape(2, 3, 4)}
    found = legacy.load(dump(tmp_path / "a.pth", written))

    assert found["a"].shape == () and found["a"] == 2.5
    assert (found["b"] == written["b"]).all()


@pytest.mark.parametrize("is_transposed", [False, True])
def test_what_torch_wrote_in_its_old_format_is_read_bit_by_bit(tmp_path, is_transposed):
    torch = pytest.importorskip("torch")
    state = {"w": torch.arange(12.0).reshape(3, 4), "n": torch.tensor([1, 2, 3])}
    state["w"] = state["w"].T if is_transposed else state["w"]
    torch.save(state, tmp_path / "a.pth", _use_new_zipfile_serialization=False)

    found = legacy.load(tmp_path / "a.pth")
    assert found["w"].tolist() == state["w"].tolist()
    assert found["n"].dtype == np.int64 and found["n"].tolist() == [1, 2, 3]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FILES)
def test_the_nine_published_files_are_read_as_torch_reads_them_bit_by_bit(mirror, name):
    """The oracle executes the pickle; the file is pinned by its hash."""
    path = mirror / f"lincs/{name}.pth"
    torch = pytest.importorskip("torch")
    theirs = torch.load(path, map_location="cpu", weights_only=False).state_dict()
    ours = legacy.load(path)

    assert list(ours) == list(theirs)
    for key, values in theirs.items():
        assert ours[key].dtype == np.float32 and ours[key].shape == tuple(values.shape)
        assert ours[key].tobytes() == values.contiguous().numpy().tobytes()


# bad input: an error, and nothing executed


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_calls_something_is_refused_and_nothing_is_called(tmp_path, protocol):
    left = tmp_path / "left"
    (tmp_path / "a.pth").write_bytes(pickle.dumps(Touch(left), protocol))

    with pytest.raises(DataError, match=r"is refused: .*\nNothing in it was run"):
        legacy.load(tmp_path / "a.pth")
    assert not left.exists()


def test_a_call_behind_a_right_beginning_is_refused_by_name(tmp_path):
    left = tmp_path / "left"
    (tmp_path / "a.pth").write_bytes(head() + pickle.dumps({"weight": Touch(left)}, 2))

    with pytest.raises(DataError, match=r"it names (posix|nt)\.system, which no weights need"):
        legacy.load(tmp_path / "a.pth")
    assert not left.exists()


def test_a_name_off_the_list_is_refused_before_any_object_is_made(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(legacy.Stub, "__init__", lambda self, *args: made.append(args))
    body = b"ctorch.nn.parameter\nParameter\n(tRcos\nsystem\n(tR"
    (tmp_path / "a.pth").write_bytes(head() + b"\x80\x02" + body + b".")

    with pytest.raises(DataError, match=r"it names os\.system"):
        legacy.load(tmp_path / "a.pth")
    assert made == []


def test_a_call_that_torch_saved_is_refused(tmp_path):
    left = tmp_path / "left"
    torch = pytest.importorskip("torch")
    torch.save({"w": Touch(left)}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)

    with pytest.raises(DataError, match="which no weights need"):
        legacy.load(tmp_path / "a.pth")
    assert not left.exists()


def test_the_oracle_of_this_test_does_call(tmp_path):
    """A planted breach: the same bytes do run where pickle reads them."""
    left = tmp_path / "left"
    pickle.loads(pickle.dumps(Touch(left), 2))

    assert left.exists()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"cbuiltins\neval\n", "it names builtins.eval"),
        (b"c__builtin__\neval\n(U\x011tR", "it names __builtin__.eval"),
        (b"ctorch.nn.modules.linear\nLinear.__init__\n", "it names torch.nn.modules.linear.Linear.__init__"),
        (b"(U\x01acos\nsystem\no", "it names os.system"),
        (b"(U\x01aios\nsystem\n", "the operation INST is not among"),
        (b"\x82\x01", "the operation EXT1 is not among"),
        (b"U\x02os(U\x01atR", "cut short or damaged"),
        (b"]U\x01aU\x01bs", "cut short or damaged"),
        (b"R", "cut short or damaged"),
        (b"Nr\xff\xff\xff\x7f", "its memo has gaps"),
        (b"X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93", "the operation STACK_GLOBAL is not among"),
        (b"h\x07", "cut short or damaged"),
        (b"U\x01a", "is no module, no dict and no tensor"),
        (b"}U\x01aU\x01bs", "a is no module, no dict and no tensor"),
        (b"}q\x00U\x01ah\x00s", "nested too deeply"),
    ],
)
def test_other_operations_than_weights_need_are_refused(tmp_path, body, says):
    (tmp_path / "a.pth").write_bytes(head() + b"\x80\x02" + body + b".")

    with pytest.raises(DataError) as error:
        legacy.load(tmp_path / "a.pth")
    assert says in str(error.value)


def test_a_dict_that_multiplies_without_end_is_refused_soon(tmp_path):
    """Twelve levels of ten: ten to the twelfth looks, were nobody counting."""
    body = b"}"
    for level in range(12):
        others = b"".join(b"U\x01" + bytes([98 + i, 104, level]) for i in range(9))
        body = b"}(U\x01a" + body + b"q" + bytes([level]) + others + b"u"
    (tmp_path / "a.pth").write_bytes(head() + b"\x80\x02" + body + b".")

    with pytest.raises(DataError, match="nested too deeply, or too many"):
        legacy.load(tmp_path / "a.pth")


def test_every_cut_of_a_file_is_refused(path):
    whole = path.read_bytes()
    for kept in range(0, len(whole), 7):
        path.write_bytes(whole[:kept])
        with pytest.raises(DataError, match="is refused"):
            legacy.load(path)


def test_every_changed_byte_is_refused_or_read_as_numbers_and_never_another_error(path):
    whole = path.read_bytes()
    for place in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            found = legacy.load(path)
        except DataError:
            continue
        assert all(isinstance(values, np.ndarray) for values in found.values())


def test_a_file_that_goes_on_is_refused(path):
    path.write_bytes(path.read_bytes() + b"x")

    with pytest.raises(DataError, match="goes on after its last storage"):
        legacy.load(path)


def test_a_count_that_no_file_could_hold_is_refused_without_taking_memory(path, tensors):
    whole = path.read_bytes()
    count, size = struct.pack("<q", 15), struct.pack("<i", 15)
    assert whole.count(count) == 1
    path.write_bytes(
        whole.replace(size, struct.pack("<i", 2**31 - 1)).replace(count, struct.pack("<q", 2**31 - 1))
    )

    with pytest.raises(DataError, match="is refused"):
        legacy.load(path)


def test_a_view_beyond_its_storage_is_refused(tmp_path):
    path = dump(tmp_path / "a.pth", {"w": np.zeros(7)})
    stride = re.compile(rb"(K\x07\x85q.)K\x01", re.DOTALL)  # the shape (7,), then the stride
    whole, n = stride.subn(lambda found: found[1] + b"K\x64", path.read_bytes())
    assert n == 1
    path.write_bytes(whole)

    with pytest.raises(DataError, match="w looks outside its storage"):
        legacy.load(path)


def test_todays_format_is_told_apart(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save({"w": torch.zeros(3)}, tmp_path / "a.pth")

    with pytest.raises(DataError, match=r"zip format; read it with torch\.load"):
        legacy.load(tmp_path / "a.pth")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no file .*b\.pth"):
        legacy.load(tmp_path / "b.pth")
