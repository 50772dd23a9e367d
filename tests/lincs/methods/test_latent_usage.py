from __future__ import annotations

import numpy as np
import pytest
from reread.lincs.methods.codebooks import batch_perplexity, code_usage, perplexity
from reread.lincs.methods.reconstruction import unit_kl


def test_a_unit_that_says_the_same_of_everything_is_dead():
    mu = np.array([[0.0, 2.0, 0.5], [0.0, -2.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 0.5]])
    kl = unit_kl(mu, np.zeros((4, 3)))

    assert kl.tolist() == [0.0, 9 / 8, 1 / 8]


def test_kl_agrees_with_that_of_the_network():
    import torch
    from reread.lincs.models.vae import kl

    rng = np.random.default_rng(0)
    mu, logvar = rng.normal(size=(6, 4)), rng.normal(size=(6, 4))

    expected = kl(torch.as_tensor(mu), torch.as_tensor(logvar)).mean(0)

    np.testing.assert_allclose(unit_kl(mu, logvar), expected, rtol=1e-12)


def test_perplexity_counts_codes_that_are_used_evenly():
    assert perplexity(np.array([0, 1, 2, 3])) == pytest.approx(4)
    assert perplexity(np.array([5, 5, 5])) == pytest.approx(1)
    assert perplexity(np.array([0, 0, 1])) == pytest.approx(
        np.exp(-(2 / 3 * np.log(2 / 3) + np.log(1 / 3) / 3))
    )


def test_the_logged_perplexity_is_that_of_all_labels_where_a_batch_holds_all():
    label = np.array([0, 0, 0, 1, 2])

    assert batch_perplexity(label, 5) == pytest.approx(perplexity(label))
    assert batch_perplexity(label, 2) < perplexity(label)


def test_usage_tells_what_is_labelled_from_what_is_found():
    label, assigned = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 3])

    report = code_usage(label, assigned, ["a", "b", "c", "d"])

    assert report["labelled"].tolist() == [2, 3, 0, 0]
    assert report["assigned"].tolist() == [1, 3, 0, 1]
    assert report["correct"].tolist() == [1, 2, 0, 0]
