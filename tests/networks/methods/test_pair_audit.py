from __future__ import annotations

import numpy as np
import pytest
from reread.networks.data import load as data
from reread.networks.data.tables import Pairs
from reread.networks.methods.gene_names import audit_pairs, gene_shares, negative_pool_sweep

PUBLISHED_LISTS = {
    "mhsc-e": {
        "n_pairs": 1353, "n_tfs": 45, "negative_genes": 151, "positive_genes": 350, "self_pairs": 15,
        "negative_gene_top50_share": 0.787, "positive_gene_top50_share": 0.175, "only_positive_rate": 0.24,
        "reversed_rate": 122 / 1353, "reversed_agreement": 0.885, "duplicate_rate": 0.0,
        "one_hot_auroc": 0.843,
    },
    "mhsc-l": {
        "n_pairs": 1690, "n_tfs": 63, "negative_genes": 98, "positive_genes": 397, "self_pairs": 16,
        "negative_gene_top50_share": 0.866, "positive_gene_top50_share": 0.212, "only_positive_rate": 0.32,
        "reversed_rate": 206 / 1690, "reversed_agreement": 0.777, "duplicate_rate": 0.0,
        "one_hot_auroc": 0.887,
    },
}  # fmt: skip


@pytest.mark.parametrize("source", PUBLISHED_LISTS)
def test_the_audit_finds_what_is_wrong_with_the_published_lists(published, source):
    found = audit_pairs(published(source).pairs)

    wanted = PUBLISHED_LISTS[source]
    assert {key: found[key] for key in wanted} == pytest.approx(wanted, abs=0.005)


@pytest.fixture
def pairs():
    """Twelve pairs: one stands twice, two are reversed and disagree, two are self pairs."""
    tf = [0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 2, 2]
    gene = [1, 2, 0, 0, 2, 5, 2, 3, 4, 2, 6, 3]
    label = [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1]
    return Pairs(np.array(tf), np.array(gene), np.array(label), tuple("ABCDEFG"))


def test_repeated_and_reversed_rows_agree_with_a_search_row_by_row(pairs):
    rows = list(zip(pairs.tf.tolist(), pairs.gene.tolist(), strict=True))
    first = {}
    for row, label in zip(rows, pairs.label, strict=True):
        first.setdefault(row, label)
    mirrored = [i for i, (tf, gene) in enumerate(rows) if tf != gene and (gene, tf) in first]
    agreeing = [first[rows[i][::-1]] == pairs.label[i] for i in mirrored]

    found = audit_pairs(pairs, n_folds=2)
    assert found["duplicate_rate"] == pytest.approx(1 - len(first) / len(rows))
    assert found["reversed_rate"] == pytest.approx(len(mirrored) / len(rows))
    assert found["reversed_agreement"] == pytest.approx(np.mean(agreeing))
    assert found["self_pairs"] == 2


def test_genes_tied_at_the_border_of_the_pool_count_in_part(pairs):
    """Negatives: C twice, A, F and D once. The second place is shared by three genes."""
    found = audit_pairs(pairs, n_top=2, n_folds=2)

    assert found["negative_gene_top50_share"] == pytest.approx((2 + 1) / 5)
    assert found["positive_gene_top50_share"] == pytest.approx((2 + (1 + 0 + 1) / 3) / 7)


def test_no_reversed_row_has_no_agreement():
    pairs = data.load("simulated", n_cells=4).pairs
    none_reversed = pairs.take(pairs.gene >= 24)

    assert np.isnan(audit_pairs(none_reversed)["reversed_agreement"])


def test_shares_of_genes_add_up_and_the_fullest_comes_first(pairs):
    negative, positive = gene_shares(pairs)

    assert negative.sum() == pytest.approx(1)
    assert positive.sum() == pytest.approx(1)
    assert (np.diff(negative) <= 0).all()


def test_the_auroc_of_gene_names_falls_as_the_pool_of_negatives_grows():
    swept = negative_pool_sweep(n_genes=120, pools=(16, 64), n_networks=2, seed=3)
    mean = swept.groupby("negatives")["one_hot_auroc"].mean()

    assert len(swept) == 3 * 2
    assert mean["pool of 16"] > mean["pool of 64"] > mean["matched"]
    assert abs(mean["matched"] - 0.5) < 0.12


def test_gene_names_are_at_chance_in_every_setting_when_both_are_held_out():
    swept = negative_pool_sweep(n_genes=120, pools=(16,), n_networks=1, seed=3)

    assert (swept["one_hot_auroc_both"] == 0.5).all()


def test_a_pool_as_large_as_the_genes_is_left_out():
    swept = negative_pool_sweep(n_genes=120, pools=(16, 120), n_networks=1)

    assert swept["negatives"].tolist() == ["pool of 16", "matched"]
