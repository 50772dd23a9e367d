from __future__ import annotations

import numpy as np
import pytest
from reread import pages
from reread.core.errors import DataError, ParameterError
from reread.maize.methods import clustering
from reread.maize.methods.attribution import LIMMA, OURS, PUBLISHED, TREES
from reread.maize.methods.clustering import Protocol
from scipy import stats

N_SAMPLES, N_GENES, N_TISSUES = 48, 120, 6
MARKERS = np.arange(30)


@pytest.fixture(scope="module")
def tissue():
    return np.arange(N_SAMPLES) % N_TISSUES


@pytest.fixture(scope="module")
def log(tissue):
    """Thirty genes that tell tissues apart, ninety that do not."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(N_SAMPLES, N_GENES))
    values[:, MARKERS] += 0.8 * rng.normal(size=(N_TISSUES, len(MARKERS)))[tissue]
    return values


PLAIN = Protocol("pca-5", n_init=3)
RUNS = Protocol("pca-2", 12, 2, 5, False, "random")


def test_the_paper_profile_has_every_setting_of_the_notebooks():
    given = pages.page("maize/04-cluster-comparison.measured", "paper").parameters

    fields = ("embed", "n_clusters", "n_init", "n_runs", "null_size", "n_sets")
    assert [given[name] for name in fields] == ["umap-2", 29, 100, 5, 2423, 10]
    assert clustering.UMAP_SEED == 42


def fed_back_by_hand(points, k, protocol):
    """As notebook 3: the column of clusters stays in the table when the next run reads it."""
    table, runs = {"x": points[:, 0], "y": points[:, 1]}, []
    for run in range(protocol.n_runs):
        features = np.stack(list(table.values()), axis=1)[None]
        found, _ = clustering.batched_kmeans(features, k, n_init=protocol.n_init, seed=run, init="random")
        table["km"] = found[0]
        runs.append(found[0])
    return np.stack(runs)


def test_clusters_fed_back_agree_with_the_table_of_the_notebook(log, tissue):
    points = clustering.embed(log, [MARKERS], "pca-2")
    protocol = Protocol("pca-2", 12, 4, 3, True, "random")

    runs = clustering._cluster_runs(points, 12, protocol)

    assert (runs[:, 0] == fed_back_by_hand(points[0], 12, protocol)).all()


def test_with_points_close_together_fed_back_clusters_repeat_the_first_run(log, tissue):
    points = 0.01 * clustering.embed(log, [MARKERS], "pca-2")
    fed, clean = (Protocol("pca-2", 12, 60, 4, is_fed) for is_fed in (True, False))

    frozen, free = (clustering._cluster_runs(points, 12, protocol) for protocol in (fed, clean))
    partitions = [[clustering.v_measure(runs[0, 0], one)[0] for one in runs[1:]] for runs in (frozen, free)]

    assert min(partitions[0]) == pytest.approx(1)
    assert min(partitions[1]) < 1


def test_the_published_null_counts_restarts_only():
    v = np.array([[0.1, 0.3], [0.7, 0.9]])

    mean, sd = clustering.gaussian_null(v)

    assert (mean, sd) == pytest.approx((0.5, 0.1))


def test_one_run_has_no_spread_to_take():
    with pytest.raises(DataError, match="two runs"):
        clustering.gaussian_null(np.array([[0.1], [0.7]]))


def test_the_published_test_agrees_with_drawing_ten_thousand_normal_numbers():
    drawn = np.random.default_rng(0).normal(0.574, 0.0137, size=200_000)

    z, p = clustering.gaussian_test(np.array([0.6164, 0.574]), 0.574, 0.0137)

    assert z.tolist() == pytest.approx([3.09, 0], abs=0.01)
    assert p == pytest.approx([(drawn >= 0.6164).mean(), 0.5], abs=0.003)


def test_more_clusters_than_samples_are_refused(log, tissue):
    with pytest.raises(ParameterError, match="48 samples cannot form 49"):
        clustering.v_of_sets(log, tissue, [MARKERS], Protocol(n_clusters=49))


def test_no_number_of_clusters_means_one_for_each_tissue_there_is():
    assert Protocol().k(np.array([0, 0, 5, 7])) == 3


def test_the_spread_between_sets_and_within_them_are_told_apart(log, tissue):
    found = clustering.sources_of_variance(log, tissue, RUNS, size=20, n_sets=6, n_seeds=2, seed=1)

    drawn = clustering.random_sets(N_GENES, 20, 6, 1)
    v = clustering.v_of_sets(log, tissue, drawn, RUNS, seed=1)
    assert found["sets"] == pytest.approx(v.mean(axis=1).std())
    assert found["runs"] == pytest.approx(clustering.gaussian_null(v)[1])
    assert set(found) == {"runs", "sets"}  # components have no seed


def test_seeds_of_the_embedding_count_where_it_has_one(log, tissue, monkeypatch):
    from dataclasses import replace

    def by_seed(log, sets, how, seed=0):
        return np.random.default_rng(seed).normal(size=(len(sets), len(log), 2))

    monkeypatch.setattr(clustering, "embed", by_seed)
    found = clustering.sources_of_variance(log, tissue, replace(RUNS, embed="umap-2"), size=20, n_sets=3)

    assert found["seeds"] > 0


def test_fed_back_runs_start_where_clean_ones_do(log, tissue):
    found = clustering.feedback_runs(log, tissue, MARKERS, RUNS, n_runs=3)

    first = found[found["run"] == 1]["v"]
    assert first.nunique() == 1
    assert len(found) == 6


@pytest.fixture(scope="module")
def sets():
    return {"good": MARKERS[:20], "bad": np.arange(90, 110)}


@pytest.mark.parametrize("size", [0, 20])
def test_good_genes_beat_their_null_and_bad_ones_do_not(log, tissue, sets, size):
    table, nulls = clustering.compare(log, tissue, sets, PLAIN, size=size, n_null=99)
    rows = table.set_index("method")

    assert table["method"].tolist() == ["good", "bad", "all genes"]
    assert rows.loc["good", "p"] <= 0.05 < rows.loc["bad", "p"]
    assert rows.loc["good", "v_over_all"] == pytest.approx(rows["v"]["good"] - rows["v"]["all genes"])
    assert np.isnan(rows.loc["all genes", "p"])
    assert nulls["good"].shape == (99,)


def test_the_lead_is_over_the_other_methods_of_the_paper(log, tissue, sets):
    named = {OURS: sets["good"], "CNN, DeepExplainer": MARKERS, LIMMA: sets["bad"], TREES: np.arange(85, 105)}
    table, _ = clustering.compare(log, tissue, named | {"planted genes": MARKERS}, PLAIN, size=20, n_null=5)
    rows = table.set_index("method")
    v = rows["v"]

    assert rows.loc[OURS, "v_lead"] == pytest.approx(v[OURS] - max(v[LIMMA], v[TREES]))
    assert rows.loc[LIMMA, "v_lead"] == pytest.approx(v[LIMMA] - v[TREES])
    assert rows.loc[["planted genes", "all genes"], "v_lead"].isna().all()


def test_a_null_that_all_methods_share_is_clustered_once(log, tissue, sets, monkeypatch):
    calls, way = [], clustering.v_of_sets
    monkeypatch.setattr(clustering, "v_of_sets", lambda *a: (calls.append(len(a[2])), way(*a))[1])

    clustering.compare(log, tissue, sets, PLAIN, size=20, n_null=7)

    assert calls == [3, 7]


@pytest.fixture
def ranked(log, tissue):
    """One method that ranks the markers first, of samples named by number."""
    from reread.maize.methods.gene_files import Ranked

    scores = np.zeros((len(np.unique(tissue)), log.shape[1]))
    scores[:, MARKERS] = np.random.default_rng(0).random((len(scores), len(MARKERS)))
    names = tuple(map(str, range(len(log))))
    return Ranked({OURS: scores}, tuple(map(str, range(log.shape[1]))), names, np.arange(12))


def test_gains_over_seeds_have_the_interval_of_their_mean(log, tissue, ranked, monkeypatch):
    monkeypatch.setattr(clustering, "samples_to_cluster", lambda *a: (log, tissue))
    table, summary = clustering.gains_by_seed(None, ranked, RUNS, size=20, n_sets=4, n_seeds=4, seed=3)
    rows = summary.set_index("other")

    gains = table.loc[table["other"] == "random sets", "gain"]
    low, high = stats.t.interval(0.95, 3, gains.mean(), stats.sem(gains))
    assert len(table) == 8
    assert gains.nunique() > 1
    assert rows.loc["random sets", ["gain_low", "gain_high"]].tolist() == pytest.approx([low, high])
    assert rows.loc["random sets", "gain"] == pytest.approx(gains.mean())


def test_the_first_seed_is_the_published_run(log, tissue, ranked, monkeypatch):
    monkeypatch.setattr(clustering, "samples_to_cluster", lambda *a: (log, tissue))
    table, _ = clustering.gains_by_seed(None, ranked, RUNS, size=20, n_sets=4, n_seeds=2)
    once, _ = clustering.compare(log, tissue, ranked.sets(0), RUNS, size=20, n_null=4)

    assert table["gain"][:2].tolist() == pytest.approx(once.loc[0, ["v_over_all", "v_over_random"]].tolist())


def test_one_seed_has_no_interval(ranked):
    with pytest.raises(DataError, match="two seeds, but n_seeds is 1"):
        clustering.gains_by_seed(None, ranked, RUNS, size=20, n_seeds=1)


def test_where_held_out_samples_are_clustered_the_variant_that_explained_them_is_left_out(sets):
    named = {PUBLISHED: sets["good"], OURS: sets["bad"]}

    assert list(clustering.independent_sets(named, "held-out")) == [OURS]
    assert list(clustering.independent_sets(named, "all")) == [PUBLISHED, OURS]


def test_planted_genes_are_drawn_of_each_tissue_and_only_where_something_was_planted():
    from dataclasses import replace

    from reread.maize.data import simulate

    samples = simulate.simulate(seed=0)
    drawn = clustering.with_planted({}, samples, 3)["planted genes"]

    assert np.bincount(samples.truth.tissue_of[drawn]).tolist() == [3] * samples.n_tissues
    assert clustering.with_planted({"a": drawn}, replace(samples, truth=None), 3) == {"a": drawn}


@pytest.mark.parametrize("which", ["all", "held-out"])
def test_samples_to_cluster_are_all_or_those_held_out(which):
    from reread.maize.data import simulate

    samples, test = simulate.simulate(seed=0), np.array([3, 7, 100])

    log, tissue = clustering.samples_to_cluster(samples, test, which)

    assert len(log) == len(tissue) == {"all": len(samples.samples), "held-out": 3}[which]


def test_no_set_to_compare_is_refused(log, tissue):
    with pytest.raises(DataError, match="at least one"):
        clustering.compare(log, tissue, {}, PLAIN)


def test_v_of_random_genes_rises_with_their_number_and_with_clusters(log, tissue):
    found = clustering.by_size(log, tissue, [2, 60, N_GENES, 500], [0, 20, 100], PLAIN, n_sets=8)
    v = found.set_index(["clusters", "genes"])["v"]

    assert sorted(v.index) == [(6, 2), (6, 60), (20, 2), (20, 60)]
    assert v[6, 60] > v[6, 2]
    assert v[20, 2] > v[6, 2]


def test_both_tests_call_informative_genes_significant(log, tissue, sets):
    published, (mean, sd) = clustering.published_test(log, tissue, sets, RUNS, size=20)
    counted, nulls = clustering.permutation_test(log, tissue, sets, PLAIN, n_null=99)

    assert published["z_gauss"][0] == pytest.approx((published["v_gauss"][0] - mean) / sd)
    assert counted["p_perm"][0] <= 0.05 < counted["p_perm"][1]
    assert counted["q_perm"].tolist() == pytest.approx(
        stats.false_discovery_control(counted["p_perm"]).tolist()
    )
    assert list(nulls) == ["good", "bad"]


def test_the_permutation_test_equals_the_comparison_of_clusters(log, tissue, sets):
    counted, _ = clustering.permutation_test(log, tissue, sets, PLAIN, n_null=19)
    table, _ = clustering.compare(log, tissue, sets, PLAIN, n_null=19)

    assert counted["p_perm"].tolist() == table["p"].tolist()[:2]
    assert counted["v_perm"].tolist() == table["v"].tolist()[:2]


def test_the_published_test_has_too_many_false_positives(log, tissue):
    """Sets of sixty genes against a null of fifteen."""
    found = clustering.false_positives(log, tissue, RUNS, n_genes=60, size=15, n_trials=150)

    assert stats.kstest(found, "uniform").pvalue < 1e-6
    assert (found <= 0.05).mean() > 0.3


def test_the_permutation_test_of_matched_sets_keeps_its_level(log, tissue):
    found = clustering.matched_false_positives(log, tissue, PLAIN, MARKERS[:20], n_null=39, n_trials=120)

    assert len(found) == 120
    assert found.min() >= 1 / 40
    assert stats.kstest(found, "uniform").pvalue > 0.001
    assert (found <= 0.05).mean() < 0.15


def test_both_protocols_have_their_own_sets_samples_and_random_sets():
    from reread.maize.data import simulate
    from reread.maize.methods.gene_files import Ranked

    design = simulate.Design(n_tissues=4, n_studies=3, n_replicates=3, n_genes=200, n_planted=10, n_decoys=9)
    data = simulate.simulate(design, seed=0)
    rng = np.random.default_rng(0)
    scores = {name: rng.normal(size=(4, 200)) for name in (PUBLISHED, OURS)}
    ranked = Ranked(scores, data.genes, data.samples, np.arange(20))
    how = {"top_k": 3, "null_size": 25, "n_sets": 6, "n_null": 19}

    table, nulls = clustering.both_protocols(data, ranked, Protocol("pca-2", 8, 2, 2, True, "random"), **how)

    old, new = (
        table[table["protocol"] == name].set_index("method") for name in ("as published", "corrected")
    )
    assert list(old.index) == [PUBLISHED, OURS, "planted genes", "all genes"]
    assert list(new.index) == [OURS, "planted genes", "all genes"]  # the held-out samples chose PUBLISHED
    assert (set(old["n_samples"]), set(new["n_samples"])) == ({36}, {20})
    assert len(nulls[f"as published, {OURS}"]) == 6
    assert len(nulls[f"corrected, {OURS}"]) == 19
    assert new.loc["planted genes", "set_size"] == 12
    assert new.loc["planted genes", "v"] > new.loc[OURS, "v"]
