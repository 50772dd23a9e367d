from __future__ import annotations

import numpy as np
import pytest
import torch
from reread.core.metrics import auroc
from reread.core.training.loop import fit
from reread.networks.data.tables import Pairs
from reread.networks.models.token_attention import Tokens

N_GENES, N_FEATURES, N_NEIGHBOURS, N_PAIRS = 31, 6, 2, 500


@pytest.fixture(scope="module")
def task():
    """A pair is positive when the first features of TF and gene have the same sign."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(N_GENES, N_FEATURES)).astype(np.float32)
    tf, gene = rng.integers(0, N_GENES, (2, N_PAIRS))
    label = features[tf, 0] * features[gene, 0] > 0
    pairs = Pairs(tf, gene, label, tuple(f"g{k}" for k in range(N_GENES)))
    neighbours = rng.integers(0, N_GENES, (N_GENES, N_NEIGHBOURS))
    rows = rng.permutation(N_PAIRS)
    task = {"features": features, "neighbours": neighbours, "pairs": pairs}
    return task | {"train": rows[:400], "test": rows[400:]}


@pytest.fixture(scope="module")
def trained(task):
    recipe = Tokens(**task, epochs=15, device="cpu")
    fit(recipe, epochs=15)
    return recipe


def test_it_learns_a_rule_that_needs_both_genes(trained, task):
    pairs, test = task["pairs"], task["test"]

    assert auroc(pairs.label[test], trained.predict(pairs.tf[test], pairs.gene[test])) > 0.9


@pytest.mark.parametrize("batch_size", [1, 7, 32])
def test_a_prediction_is_the_same_in_any_company(trained, task, batch_size):
    tf, gene = task["pairs"].tf[:40], task["pairs"].gene[:40]
    together = trained.predict(tf, gene)
    order = np.random.default_rng(1).permutation(40)

    apart = trained.predict(tf[order], gene[order], batch_size=batch_size)

    np.testing.assert_allclose(apart, together[order], atol=1e-6)


def test_attention_of_tf_and_gene_sums_to_one_over_tokens(trained, task):
    tokens = torch.as_tensor(trained.token_genes(task["pairs"].tf[:5], task["pairs"].gene[:5]))
    weight = trained.network(trained.features[tokens])[1].detach().numpy()

    assert weight.shape == (5, 4, 2, 2 + 2 * N_NEIGHBOURS)
    np.testing.assert_allclose(weight.sum(axis=3), 1, atol=1e-5)


def test_tokens_are_the_tf_the_gene_and_the_neighbours_of_each(trained, task):
    neighbours = task["neighbours"]

    tokens = trained.token_genes(np.array([3, 8, 5]), np.array([9, 2, 2]))

    assert tokens[0].tolist() == [3, 9, *neighbours[3], *neighbours[9]]
    assert tokens.shape == (3, 6)


def test_attributions_sum_to_the_logit_above_a_pair_of_mean_genes(trained, task):
    tf, gene = task["pairs"].tf[:9], task["pairs"].gene[:9]
    probability = trained.predict(tf, gene).astype(np.float64)
    with torch.no_grad():
        nobody = trained.network(torch.zeros(1, 2 + 2 * N_NEIGHBOURS, N_FEATURES))[0].item()

    total = trained.attribute(tf, gene, n_steps=512).sum(axis=1)

    np.testing.assert_allclose(total, np.log(probability / (1 - probability)) - nobody, atol=0.05)


def test_attribution_carries_the_features_it_is_told_to(trained):
    swapped = np.arange(N_GENES)
    swapped[[4, 6]] = 6, 4
    tf, gene = np.array([4]), np.array([6])

    assert not np.allclose(trained.attribute(tf, gene), trained.attribute(tf, gene, genes=swapped))
    np.testing.assert_array_equal(
        trained.attribute(tf, gene), trained.attribute(tf, gene, genes=np.arange(N_GENES))
    )


def test_a_feature_that_is_constant_over_genes_does_no_harm(task):
    features = task["features"].copy()
    features[:, 2] = 5

    recipe = Tokens(**{**task, "features": features}, epochs=1, device="cpu")

    assert np.isfinite(list(recipe.run_epoch().values())).all()
