from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.maize.data import gene_knowledge as knowledge
from reread.maize.data import simulate
from reread.maize.data import splits as split
from reread.maize.methods import attribution as attribute
from reread.maize.methods import gene_files, report_runs, report_terms
from reread.maize.methods import gene_rankings as rankings
from reread.maize.methods import ranking_tables as report_genes
from reread.maize.methods.gene_rankings import EXPLAINERS, OURS, PUBLISHED, TREES
from reread.maize.models.training import TRAINING

N_TISSUES, N_GENES, K = 4, 90, 6


@pytest.fixture(scope="module")
def samples():
    design = simulate.Design(
        n_tissues=N_TISSUES, n_studies=3, n_replicates=3, n_genes=N_GENES, n_planted=K, n_decoys=9,
        effect=(2.0, 4.0),
    )  # fmt: skip
    return simulate.simulate(design, seed=0)


@pytest.fixture(scope="module")
def held(samples):
    return split.split(samples, "group", seed=0, test=0.34)[0]


def stand_in(methods, data, part, *, seed=0, order=None, **settings):
    """Scores that know the truth, with noise of the seed and the order; no model is trained."""
    rng = np.random.default_rng([seed, 0 if order is None else int(order[0]) + 1])
    planted = np.where(data.truth.tissue_of == np.arange(N_TISSUES)[:, None], 2.0, 0.0)
    explained = np.bincount(data.tissue[part.test], minlength=N_TISSUES)
    return {
        name: attribute.Scores(
            planted + rng.normal(size=planted.shape),
            explained,
            np.full(len(part.test), 0.1) if name != "logistic regression" else np.zeros(0),
            1.0,
        )
        for name in methods
    }


@pytest.fixture(scope="module")
def runs(samples, held):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attribute, "scores_of_all", stand_in)
        patch.setattr(attribute, "scores_of", lambda name, *a, **k: stand_in([name], *a, **k)[name])
        return rankings.explain_all(samples, held, list(EXPLAINERS), n_seeds=2, n_orders=3, per_tissue=2)


@pytest.fixture(scope="module")
def ranked(samples, held, runs):
    return rankings.rankings(samples, held, runs)


@pytest.fixture(scope="module")
def known(samples):
    return knowledge.knowledge_of(samples)


def test_methods_run_under_each_seed_our_gradients_under_each_order_and_the_published_arm_once(runs):
    asked = [(run.method, run.seed, run.order) for run in runs]

    assert len(asked) == len(set(asked)) == 2 * (len(EXPLAINERS) - 1) + 2 + 1
    assert [(seed, order) for name, seed, order in asked if name == PUBLISHED] == [(0, 0)]
    assert {(seed, order) for name, seed, order in asked if name == OURS} == {(0, 0), (1, 0), (0, 1), (0, 2)}


def test_only_training_samples_are_explained_and_as_many_of_each_tissue(samples, held, runs):
    rows = rankings.samples_to_explain(samples, held.train, 2)

    assert np.isin(rows, held.train).all()
    assert np.bincount(samples.tissue[rows]).tolist() == [2] * N_TISSUES
    assert all(run.scores.n_used.tolist() == [2] * N_TISSUES for run in runs if run.method != PUBLISHED)
    assert rankings.samples_to_explain(samples, held.train, 0).tolist() == held.train.tolist()


def test_the_published_arm_has_the_published_training_all_references_and_explains_the_test_samples(
    samples, held, monkeypatch
):
    seen = {}

    def note(name, data, part, **settings):
        seen[name] = (part, settings)
        return stand_in([name], data, part)[name]

    monkeypatch.setattr(attribute, "scores_of", note)
    runs = rankings.explain_all(samples, held, ["shap"], per_tissue=1)

    part, settings = seen[PUBLISHED]
    assert len(runs) == 1
    assert part.test.tolist() == held.test.tolist()
    assert settings["n_references"] == 0
    assert TRAINING["published"].items() <= settings.items()
    assert "momentum" not in settings


@pytest.mark.parametrize(("words", "network", "near"), [(["tree"], "small", "trees"), ([], "smal", "small")])
def test_an_unknown_explainer_or_network_is_refused(samples, held, words, network, near):
    with pytest.raises(ParameterError, match=f"Did you mean '{near}'"):
        rankings.explain_all(samples, held, words, network=network)


def test_every_network_has_the_fields_of_a_recipe():
    for size, settings in rankings.NETWORKS.items():
        ours, published = (attribute.Recipe(**found) for found in (settings, rankings.AS_PUBLISHED[size]))
        assert (ours.channels, ours.dense) == (published.channels, published.dense)


def test_explained_averages_over_runs(runs):
    table = rankings.explained(runs).set_index("method")

    assert table.loc[OURS, "runs"] == 4
    assert table.loc[OURS, "residual"] == pytest.approx(0.1)
    assert np.isnan(table.loc["logistic regression", "residual"])


def test_runs_that_differ_in_two_things_are_not_compared(runs):
    pairs = rankings.agreement(runs, K)

    ours = pairs[pairs["method"] == OURS].groupby("differs").size()
    assert ours.to_dict() == {"gene order": 3, "seed": 1}
    assert pairs["jaccard"].between(0, 1).all()


def test_one_ranking_a_method_and_the_ensemble_beats_its_runs(samples, ranked, runs):
    from reread.maize.methods.recovery import recovery

    found = {name: recovery(scores, samples.truth, K)["precision"] for name, scores in ranked.items()}

    assert {*EXPLAINERS.values(), rankings.ENSEMBLE, "tau"} <= set(found)
    assert found[rankings.ENSEMBLE] >= found[OURS]


def test_files_come_back_as_they_were_saved(tmp_path, samples, held, ranked):
    files = gene_files.save(tmp_path, ranked, samples, held)

    back = gene_files.load(tmp_path / "shap_scores.npz")

    assert sorted(files) == sorted(path.name for path in tmp_path.iterdir())
    assert list(back.scores) == list(ranked)
    assert all((back.scores[name] == ranked[name]).all() for name in ranked)
    assert back.rows_of(samples).tolist() == held.test.tolist()
    assert set(back.sets(K)[TREES]) == set(gene_files.top_union(ranked[TREES], K))


def test_the_csv_files_hold_the_published_method(tmp_path, samples, held, ranked):
    import pandas as pd

    gene_files.save(tmp_path, ranked, samples, held)
    ranks = pd.read_csv(tmp_path / "shap_ranks.csv")
    scores = pd.read_csv(tmp_path / "shap_scores.csv", index_col="gene")

    assert list(ranks.columns) == list(scores.columns) == list(samples.tissues)
    for tissue in samples.tissues:
        assert scores[tissue].idxmax() == ranks[tissue][0]
    assert set(pd.read_csv(tmp_path / "shap_genes.csv")["gene"]) == {
        samples.genes[g] for g in gene_files.union_rule(ranked[PUBLISHED])[1]
    }


def test_two_saves_are_equal_byte_by_byte(tmp_path, samples, held, ranked):
    for name in "ab":
        (tmp_path / name).mkdir()
        gene_files.save(tmp_path / name, ranked, samples, held)

    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_other_data_than_was_ranked_is_refused(tmp_path, samples, held, ranked):
    gene_files.save(tmp_path, ranked, samples, held)
    back = gene_files.load(tmp_path / "shap_scores.npz")

    with pytest.raises(DataError, match="another order"):
        back.rows_of(samples.keep_genes(np.arange(N_GENES)[::-1]))
    assert set(back.sets(0)["tau"]) == set(gene_files.union_rule(ranked["tau"])[1])


def test_a_file_of_something_else_is_refused(tmp_path):
    np.savez(tmp_path / "shap_scores.npz", other=np.zeros(3))

    with pytest.raises(DataError, match="no file of scores"):
        gene_files.load(tmp_path / "shap_scores.npz")


def test_a_source_that_no_page_ranked_is_named():
    with pytest.raises(DataError, match="walley"):
        gene_files.again([], "walley-2016")


def test_samples_come_back_as_the_chapter_on_genes_loaded_them(tmp_path):
    from types import SimpleNamespace

    samples = gene_files.sources.load("simulated", n_genes=300, seed=3)
    held = split.split(samples, "group", seed=3)[0]
    gene_files.save(tmp_path, {"m": np.random.default_rng(0).normal(size=(8, 300))}, samples, held)
    record = {"parameters": {"source": "simulated", "n_genes": 300, "seed": 3}}
    page = SimpleNamespace(record=record, artifact=lambda name: tmp_path / name)

    back, ranked = gene_files.again([page], "simulated")

    assert back.genes == samples.genes
    assert ranked.rows_of(back).tolist() == held.test.tolist()
    record["parameters"]["n_genes"] = 200
    with pytest.raises(DataError, match="another order"):
        gene_files.again([page], "simulated")


def test_known_genes_of_simulated_samples_are_the_planted_ones(samples, known):
    assert len(known.markers) == N_TISSUES * K
    assert all(samples.truth.tissue_of[g] == t for _, _, t, g in known.markers)
    assert known.terms["planted:2"] == {
        samples.genes[g] for g in np.flatnonzero(samples.truth.tissue_of == 2)
    }


def test_a_rank_in_a_tie_is_the_worst_of_its_group():
    scores = np.array([[3.0, 0, 0, 0, 5], [np.nan] * 5])

    found = report_genes.marker_ranks({"m": scores}, [("t", "a", 0, 0), ("t", "b", 0, 2), ("u", "c", 1, 0)])

    assert found["rank"].tolist()[:2] == [2, 5]
    assert np.isnan(found["rank"][2])


def test_few_known_genes_have_a_column_each_and_many_a_median_of_their_tissue(ranked, known):
    few = report_genes.wide_ranks(report_genes.marker_ranks(ranked, known.markers[:3]))
    ranks = report_genes.marker_ranks(ranked, known.markers)
    many = report_genes.wide_ranks(ranks)

    assert few.columns.tolist() == ["method", *(f"{t} {name}" for t, name, _, _ in known.markers[:3])]
    tissue = many.columns[1]
    mine = ranks[(ranks["method"] == "tau") & (ranks["tissue"] == tissue)]["rank"]
    assert len(many.columns) == 1 + N_TISSUES
    assert many.set_index("method").loc["tau", tissue] == mine.median()


def test_genes_of_the_ensemble_are_counted_over_its_runs(samples, runs, ranked):
    table = report_runs.chosen_again(runs, samples, K).set_index("tissue")
    mine = [run.scores.per_tissue[1] for run in runs if run.method == OURS]

    tops = [set(np.argsort(-scores)[:K]) for scores in mine]
    best = np.argsort(-ranked[rankings.ENSEMBLE][1], kind="stable")[:K]
    row = table.loc[samples.tissues[1]]
    assert row["runs"] == len(mine) == 4
    assert row["frequency"] == pytest.approx(np.mean([[g in top for g in best] for top in tops]))
    assert row["in_every_run"] == sum(all(g in top for top in tops) for g in best)
    assert row["first"].startswith(samples.genes[best[0]])
    assert report_runs.chosen_again([], samples, K).empty


def test_the_control_with_shuffled_labels_finds_little(samples, held, runs):
    recovered = report_genes.mean_over_seeds(report_genes.recovery_table(samples, held, runs, K))
    precision = recovered.set_index("method")["precision"]

    assert precision["moderated t, next"] > 0.8
    assert precision[report_genes.SHUFFLED] < 0.25
    assert recovered["chance"].iloc[0] == pytest.approx(K / N_GENES)


def test_without_a_truth_nothing_is_recovered_and_the_table_of_methods_still_stands(
    samples, held, runs, ranked
):
    from dataclasses import replace

    real = replace(samples, truth=None)
    recovered = report_genes.recovery_table(real, held, runs, K)
    ranks = report_genes.marker_ranks(ranked, [("tissue A", "a", 0, 1)])

    table = report_genes.methods_table(ranked, ranks, recovered, K)

    assert recovered.empty
    assert len(table) == len(ranked)
    assert table["precision"].isna().all()
    assert table["union_share"].between(0, 1).all()


def test_the_core_is_that_of_limma_trees_and_the_network(ranked):
    pairs, core = report_genes.shared(ranked, K)
    three = [set(gene_files.top_union(ranked[name], K)) for name in report_genes.CORE[:3]]

    assert core["n"] == len(set.intersection(*three))
    assert len(pairs) == len(ranked) * (len(ranked) - 1) / 2


def test_the_published_walk_keeps_three_quarters_of_what_chance_keeps():
    assert report_genes.published_walk()["published_over_null"] == pytest.approx(0.773, abs=0.001)


def test_planted_terms_are_found_and_random_factors_are_not(samples, held, ranked, known):
    terms, counts = report_terms.enriched(ranked, samples, known, K)
    factors = report_terms.tf_table(ranked, samples, held, known, K, n_null=99).set_index("method")

    best = report_terms.best_terms(terms)
    assert set(best["term"]) == {f"planted:{t}" for t in range(N_TISSUES)}
    assert counts.loc["moderated t, next"].tolist() == [1] * N_TISSUES
    assert factors.loc["moderated t, next", "tf_p"] > 0.01


def test_a_tissue_that_was_not_scored_has_no_terms(samples, ranked, known):
    scores = ranked["tau"].copy()
    scores[1] = np.nan

    _, counts = report_terms.enriched({"m": scores}, samples, known, K)

    assert counts.loc["m", samples.tissues[1]] == 0


def test_control_genes_of_walley_are_markers(mirror):
    from reread.maize.data import load as data

    walley = data.load("walley-2016", n_genes=4000)
    known = knowledge.knowledge_of(walley)

    assert {name for tissue, name, _, _ in known.markers if tissue == "endosperm"} >= {"o2", "fl2", "sh2"}
    assert 100 < known.is_tf.sum() < 1000
    assert len(known.terms) > 1000
