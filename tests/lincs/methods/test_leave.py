from __future__ import annotations

import numpy as np
from reread.lincs.methods import leave
from reread.lincs.models.arrays import Svq, Vae


def arrays(made) -> dict[str, np.ndarray]:
    return {name: part.numpy() for name, part in made.state_dict().items()}


def test_encodings_are_left_with_the_rows_they_are_of(tmp_path):
    from reread.lincs.models.vae import VaeNetwork

    network = Vae(arrays(VaeNetwork(13, 11, 5)))
    values = np.random.default_rng(0).normal(size=(9, 13)).astype(np.float32)
    rows, trained = np.arange(9) * 2, np.array([0, 3, 4])

    with np.load(
        leave.latent(tmp_path / "l.npz", network, values, rows=rows, trained=trained, seed=1)
    ) as kept:
        assert kept["rows"].tolist() == rows.tolist()
        assert np.flatnonzero(kept["trained"]).tolist() == [0, 3, 4]
        assert {name: kept[name].shape for name in ("mu", "e1", "e2", "e3", "d1", "d2", "generated")} == {
            "mu": (9, 5), "e1": (9, 11), "e2": (9, 11), "e3": (9, 5), "d1": (9, 11), "d2": (9, 11),
            "generated": (9, 13),
        }  # fmt: skip
        np.testing.assert_array_equal(kept["mu"], network.encode(values))


def test_codes_are_left_with_their_names(tmp_path):
    from reread.lincs.models.svqvae import dense

    network = Svq(arrays(dense(13, 4, 7)))
    values = np.random.default_rng(0).normal(size=(9, 13)).astype(np.float32)
    path = leave.codebook(
        tmp_path / "c.npz", network, values, pcls=tuple("abcd"), rows=np.arange(9), trained=np.arange(6)
    )

    with np.load(path, allow_pickle=False) as kept:
        assert kept["pcls"].tolist() == list("abcd")
        assert kept["profiles"].shape == (4, 13)
        assert kept["assigned"].tolist() == network.assign(values).tolist()


def test_two_writings_give_the_same_bytes(tmp_path):
    from reread.lincs.models.svqvae import dense

    network = Svq(arrays(dense(13, 4, 7)))

    first, second = (network.save(tmp_path / name).read_bytes() for name in ("a.npz", "b.npz"))

    assert first == second
