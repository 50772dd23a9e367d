from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.maize.methods import clustering as embedding

N_SAMPLES, N_GENES = 9, 50
SETS = [np.arange(12), np.array([3, 40, 41, 42]), np.arange(N_GENES)]


@pytest.fixture(scope="module")
def log():
    return np.random.default_rng(0).normal(size=(N_SAMPLES, N_GENES)).astype(np.float32)


def test_scores_agree_with_a_singular_value_decomposition_of_each_set(log):
    found = embedding.embed_sets(log, SETS, 3)

    assert found.shape == (len(SETS), N_SAMPLES, 3)
    for scores, genes in zip(found, SETS, strict=True):
        centred = log[:, genes] - log[:, genes].mean(axis=0)
        u, s, _ = np.linalg.svd(centred.astype(float), full_matrices=False)
        assert np.abs(scores) == pytest.approx(np.abs(u[:, :3] * s[:3]), abs=1e-4)


def test_all_components_keep_every_distance(log):
    scores = embedding.embed_sets(log, SETS[:1], N_SAMPLES)[0]
    part = log[:, SETS[0]]

    assert np.linalg.norm(scores[2] - scores[7]) == pytest.approx(np.linalg.norm(part[2] - part[7]), rel=1e-5)


def test_signs_are_fixed(log):
    found = embedding.embed_sets(log, SETS, 4)
    peaks = np.take_along_axis(found, np.abs(found).argmax(axis=1)[:, None], axis=1)

    assert (peaks > 0).all()


def test_fewer_samples_than_dimensions_give_fewer_dimensions(log):
    assert embedding.embed_sets(log[:4], SETS, 10).shape == (3, 4, 4)


@pytest.mark.parametrize("sets", [[], [np.array([], dtype=int)]])
def test_an_empty_set_is_refused(log, sets):
    with pytest.raises(DataError, match="at least one gene"):
        embedding.embed_sets(log, sets)


@pytest.mark.parametrize("how", ["tsne-2", "pca", "umap-0", "pca-two"])
def test_an_unknown_way_is_refused(log, how):
    with pytest.raises(ParameterError, match=how):
        embedding.embed(log, SETS, how)


def test_umap_separates_clusters_and_a_seed_gives_the_same_places():
    pytest.importorskip("umap", reason="umap-learn is part of the extra maize")
    rng = np.random.default_rng(1)
    cluster = np.arange(36) % 3
    log = 8 * rng.normal(size=(3, 12))[cluster] + rng.normal(size=(36, 12))

    found, again = (embedding.embed(log, [np.arange(12), np.arange(4)], "umap-2") for _ in range(2))

    assert found.shape == (2, 36, 2)
    assert (found == again).all()
    centre = np.stack([found[0][cluster == k].mean(axis=0) for k in range(3)])
    distance = np.linalg.norm(found[0][:, None] - centre, axis=2)
    assert (distance.argmin(axis=1) == cluster).all()
