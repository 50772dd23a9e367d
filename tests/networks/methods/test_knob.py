"""The knob: an illusion that comes with a small pool of negatives and goes with matched ones."""

from __future__ import annotations

import numpy as np
from reread.networks.methods import knob


def test_names_alone_lose_their_edge_as_the_pool_grows():
    turned = knob.turn(n_genes=120, pools=(16, 64), n_networks=2, seed=3)
    mean = turned.groupby("negatives")["one_hot_auroc"].mean()

    assert len(turned) == 3 * 2
    assert mean["pool of 16"] > mean["pool of 64"] > mean["matched"]
    assert abs(mean["matched"] - 0.5) < 0.12


def test_names_are_a_coin_in_every_setting_when_both_are_new():
    turned = knob.turn(n_genes=120, pools=(16,), n_networks=1, seed=3)

    assert np.allclose(turned["one_hot_auroc_both"], 0.5)


def test_a_pool_as_large_as_the_genes_is_left_out():
    turned = knob.turn(n_genes=120, pools=(16, 120), n_networks=1)

    assert turned["negatives"].tolist() == ["pool of 16", "matched"]
