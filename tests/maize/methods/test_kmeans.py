from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.maize.methods import kmeans
from reread.maize.methods.kmeans import v_measure
from sklearn.cluster import KMeans
from sklearn.metrics import v_measure_score

N_SETS, N_SAMPLES, N_DIMS, K = 6, 45, 3, 5


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(0)
    centres = 2 * rng.normal(size=(N_SETS, K, N_DIMS))
    return centres[:, np.arange(N_SAMPLES) % K] + rng.normal(size=(N_SETS, N_SAMPLES, N_DIMS))


def test_steps_from_given_centres_end_where_scikit_learn_ends(points):
    centres = points[:, :K] + 0.1

    labels, inertia = kmeans._lloyd(points, centres)

    for one, start, found, cost in zip(points, centres, labels, inertia, strict=True):
        theirs = KMeans(K, init=start, n_init=1, tol=0).fit(one)
        assert found.tolist() == theirs.labels_.tolist()
        assert cost == pytest.approx(theirs.inertia_)


@pytest.mark.parametrize("init", kmeans.STARTS)
def test_the_best_of_many_starts_is_as_good_as_that_of_scikit_learn(points, init):
    _, inertia = kmeans.batched_kmeans(points, K, n_init=40, init=init)

    name = {"kmeans-plus-plus": "k-means++"}.get(init, init)
    theirs = [KMeans(K, n_init=40, init=name, random_state=0).fit(one).inertia_ for one in points]
    assert inertia == pytest.approx(theirs, rel=1e-2)


def test_the_inertia_is_that_of_the_labels(points):
    labels, inertia = kmeans.batched_kmeans(points, 4, n_init=3)

    for one, found, cost in zip(points, labels, inertia, strict=True):
        expected = sum(((one[found == c] - one[found == c].mean(axis=0)) ** 2).sum() for c in set(found))
        assert cost == pytest.approx(expected)


def test_a_set_is_clustered_as_well_wherever_the_batch_is_cut(points, monkeypatch):
    whole = kmeans.batched_kmeans(points, K, n_init=30)[1]
    monkeypatch.setattr(kmeans, "CHUNK", 1)
    one_by_one = kmeans.batched_kmeans(points, K, n_init=30)[1]

    assert one_by_one == pytest.approx(whole, rel=1e-2)


def test_an_empty_cluster_takes_the_sample_farthest_from_its_mean():
    points = np.array([[[0.0], [1.0], [2.0], [30.0]]])
    centres = np.array([[[1.0], [900.0], [950.0]]])

    labels, inertia = kmeans._lloyd(points, centres)

    assert len(set(labels[0])) == 3
    assert inertia[0] == pytest.approx(0.5)


def test_as_many_clusters_as_samples_leave_nothing_over(points):
    labels, inertia = kmeans.batched_kmeans(points, N_SAMPLES, n_init=1)

    assert inertia == pytest.approx(np.zeros(N_SETS), abs=1e-8)
    assert all(len(set(one)) == N_SAMPLES for one in labels)


def test_equal_points_have_no_inertia():
    labels, inertia = kmeans.batched_kmeans(np.ones((2, 6, 3)), 4)

    assert labels.shape == (2, 6)
    assert inertia.tolist() == [0, 0]


def test_a_seed_gives_the_same_clusters_again_and_another_seed_other_starts(points):
    one, two = (kmeans.batched_kmeans(points, 9, n_init=1, seed=3) for _ in range(2))
    other = kmeans.batched_kmeans(points, 9, n_init=1, seed=4)

    assert (one[0] == two[0]).all()
    assert (one[1] != other[1]).any()


@pytest.mark.parametrize(
    "wrong", [{"k": 0}, {"k": N_SAMPLES + 1}, {"k": 3, "n_init": 0}, {"k": 3, "init": "kmeans"}]
)
def test_what_cannot_be_clustered_is_refused(points, wrong):
    with pytest.raises(ParameterError, match=f"{N_SAMPLES} samples"):
        kmeans.batched_kmeans(points, **{"k": 3} | wrong)


def test_the_mean_v_of_random_sets_is_that_of_the_scikit_learn_loop():
    """A null made at once and one made set by set agree within 0.01, though no two starts are the same."""
    rng = np.random.default_rng(1)
    tissue = np.arange(48) % 6
    points = rng.normal(size=(6, 8))[tissue] + 1.1 * rng.normal(size=(60, 48, 8))

    labels, _ = kmeans.batched_kmeans(points, 6, n_init=10)

    theirs = [KMeans(6, n_init=10, random_state=i).fit(one).labels_ for i, one in enumerate(points)]
    ours, loop = (v_measure(tissue, np.stack(list(found))).mean() for found in (labels, theirs))
    assert ours == pytest.approx(loop, abs=0.01)


@pytest.mark.parametrize("n_tissues", [1, 2, 11])
def test_a_batch_agrees_with_scikit_learn_one_by_one(n_tissues):
    rng = np.random.default_rng(n_tissues)
    tissue = rng.integers(n_tissues, size=37)
    labels = np.stack([rng.integers(k, size=37) for k in (1, 2, 5, 29, 37)] + [tissue, np.arange(37)])

    expected = [v_measure_score(tissue, one) for one in labels]
    assert np.abs(v_measure(tissue, labels) - expected).max() < 1e-11


def test_the_names_of_clusters_do_not_matter():
    tissue = np.array([0, 0, 1, 1, 2])
    labels = np.array([[4, 4, 0, 0, 7], [0, 0, 1, 1, 2]])

    assert v_measure(tissue, labels).tolist() == pytest.approx([1, 1])


def test_more_clusters_raise_v_even_at_random():
    rng = np.random.default_rng(0)
    tissue = rng.integers(8, size=60)
    few, many = (np.stack([rng.integers(k, size=60) for _ in range(200)]) for k in (8, 29))

    assert v_measure(tissue, many).mean() > v_measure(tissue, few).mean() + 0.1


@pytest.mark.parametrize("labels", [np.array([[0, -1, 0]]), np.zeros((0, 3), dtype=int), np.array([[0, 0]])])
def test_what_is_no_clustering_is_refused(labels):
    with pytest.raises(DataError):
        v_measure(np.array([0, 1, 1]), labels)
