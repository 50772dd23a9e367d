from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.maize.data import gene_knowledge, simulate, splits
from reread.maize.methods import attribution, gene_files, ranking_tables
from reread.maize.methods.attribution import EXPLAINERS, OURS, PUBLISHED, TREES, Explainer, Scores

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
    return splits.split(samples, "group", seed=0, test=0.34)[0]


def stand_in_models(methods, data, split, *, seed, recipe, order=None):
    """No model is trained: seed, gene order and recipe take its place."""
    return {"seed": seed, "order": 0 if order is None else int(order[0]) + 1, "recipe": recipe}


def stand_in(methods, models, data, references, rows, settings):
    """Scores from the ground truth, with noise of the seed and the order."""
    rng = np.random.default_rng([models["seed"], models["order"]])
    planted = np.where(data.truth.tissue_of == np.arange(N_TISSUES)[:, None], 2.0, 0.0)
    explained = np.bincount(data.tissue[rows], minlength=N_TISSUES)
    return {
        name: Scores(
            planted + rng.normal(size=planted.shape),
            explained,
            np.full(len(rows), 0.1) if name != "logistic regression" else np.zeros(0),
            1.0,
        )
        for name in methods
    }


@pytest.fixture(scope="module")
def runs(samples, held):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attribution, "train_models", stand_in_models)
        patch.setattr(attribution, "explain", stand_in)
        return attribution.explain_all(samples, held, list(EXPLAINERS), n_seeds=2, n_orders=3, per_tissue=2)


@pytest.fixture(scope="module")
def ranked(samples, held, runs):
    return attribution.rankings(samples, held, runs)


@pytest.fixture(scope="module")
def known(samples):
    return gene_knowledge.knowledge_of(samples)


def test_methods_run_with_each_seed_expected_gradients_with_each_order_and_the_published_variant_once(runs):
    asked = [(run.method, run.seed, run.order) for run in runs]

    assert len(asked) == len(set(asked)) == 2 * (len(EXPLAINERS) - 1) + 2 + 1
    assert [(seed, order) for name, seed, order in asked if name == PUBLISHED] == [(0, 0)]
    assert {(seed, order) for name, seed, order in asked if name == OURS} == {(0, 0), (1, 0), (0, 1), (0, 2)}


def test_only_training_samples_are_explained_and_as_many_of_each_tissue(samples, held, runs):
    rows = attribution._samples_to_explain(samples, held.train, 2)

    assert np.isin(rows, held.train).all()
    assert np.bincount(samples.tissue[rows]).tolist() == [2] * N_TISSUES
    assert all(run.scores.n_used.tolist() == [2] * N_TISSUES for run in runs if run.method != PUBLISHED)
    assert attribution._samples_to_explain(samples, held.train, 0).tolist() == held.train.tolist()


def test_the_published_variant_has_the_published_training_all_references_and_explains_the_test_samples(
    samples, held, monkeypatch
):
    seen = []

    def note(methods, models, data, references, rows, settings):
        seen.append((methods, models["recipe"], references, rows, settings))
        return stand_in(methods, models, data, references, rows, settings)

    monkeypatch.setattr(attribution, "train_models", stand_in_models)
    monkeypatch.setattr(attribution, "explain", note)
    runs = attribution.explain_all(samples, held, ["shap"], per_tissue=1, settings=Explainer(seed=3))

    [(methods, recipe, references, rows, settings)] = seen
    assert methods == [PUBLISHED]
    assert (len(runs), settings.n_references, settings.seed) == (1, 0, 3)
    assert rows.tolist() == held.test.tolist()
    assert references.tolist() == held.train.tolist()
    assert (recipe.inputs, recipe.schedule, recipe.momentum, recipe.validation) == (
        "published", "published", 0.99, 0.1,
    )  # fmt: skip


def test_both_trainings_of_a_size_share_their_layers():
    for size, ours in attribution.NETWORKS.items():
        published = attribution.AS_PUBLISHED[size]
        assert (ours.channels, ours.dense) == (published.channels, published.dense)


def test_additivity_averages_over_runs(runs):
    table = attribution.additivity(runs).set_index("method")

    assert table.loc[OURS, "runs"] == 4
    assert table.loc[OURS, "residual"] == pytest.approx(0.1)
    assert np.isnan(table.loc["logistic regression", "residual"])


def test_runs_that_differ_in_two_things_are_not_compared(runs):
    pairs = attribution.agreement(runs, K)

    ours = pairs[pairs["method"] == OURS].groupby("differs").size()
    assert ours.to_dict() == {"gene order": 3, "seed": 1}
    assert pairs["jaccard"].between(0, 1).all()


def test_one_ranking_a_method_and_the_ensemble_beats_its_runs(samples, ranked, runs):
    from reread.maize.methods.ranking_tables import recovery

    found = {name: recovery(scores, samples.truth, K)["precision"] for name, scores in ranked.items()}

    assert {*EXPLAINERS.values(), attribution.ENSEMBLE, "tau"} <= set(found)
    assert found[attribution.ENSEMBLE] >= found[OURS]


def test_files_come_back_as_they_were_saved(tmp_path, samples, held, ranked):
    gene_files.save(tmp_path, ranked, samples, held)

    back = gene_files.load(tmp_path / "shap_scores.npz")

    names = {"shap_scores.npz", "shap_scores.csv", "shap_ranks.csv", "shap_genes.csv"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert list(back.scores) == list(ranked)
    assert all((back.scores[name] == ranked[name]).all() for name in ranked)
    assert back.test.tolist() == held.test.tolist()
    assert set(back.sets(K)[TREES]) == set(gene_files.top_union(ranked[TREES], K))
    assert set(back.sets(0)["tau"]) == set(gene_files.union_rule(ranked["tau"])[1])


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


@pytest.mark.parametrize(
    "change",
    [
        {"scores": None},
        {"scores": np.zeros((1, 4, 7))},
        {"scores": np.full((1, 4, 90), "x")},
        {"test": np.array([99])},
        {"test": np.array([0.5])},
        {"genes": np.array(["a", None], dtype=object)},
    ],
)
def test_a_file_of_something_else_is_refused_with_its_name(tmp_path, samples, change):
    whole = {"scores": np.zeros((1, 4, 90)), "methods": ["m"], "genes": np.array(samples.genes),
             "samples": np.array(samples.samples), "test": np.array([1])}  # fmt: skip
    parts = {name: value for name, value in (whole | change).items() if value is not None}
    np.savez(tmp_path / "shap_scores.npz", **parts)

    with pytest.raises(DataError, match="shap_scores"):
        gene_files.load(tmp_path / "shap_scores.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"\x80\x04no npz"])
def test_a_damaged_file_is_refused_with_its_name(tmp_path, content):
    (tmp_path / "shap_scores.npz").write_bytes(content)

    with pytest.raises(DataError, match="shap_scores"):
        gene_files.load(tmp_path / "shap_scores.npz")


def test_a_source_that_no_page_ranked_is_named():
    with pytest.raises(DataError, match="walley"):
        gene_files.load_again([], "walley-2016")


def test_samples_come_back_as_the_chapter_on_genes_loaded_them(tmp_path):
    from types import SimpleNamespace

    samples = gene_files.sources.load("simulated", n_genes=300, seed=3)
    held = splits.split(samples, "group", seed=3)[0]
    gene_files.save(tmp_path, {"m": np.random.default_rng(0).normal(size=(8, 300))}, samples, held)
    record = {"parameters": {"source": "simulated", "n_genes": 300, "seed": 3}}
    page = SimpleNamespace(record=record, artifact=lambda name: tmp_path / name)

    back, ranked = gene_files.load_again([page], "simulated")

    assert back.genes == samples.genes
    assert ranked.test.tolist() == held.test.tolist()
    record["parameters"]["n_genes"] = 200
    with pytest.raises(DataError, match="another order"):
        gene_files.load_again([page], "simulated")


def test_known_genes_of_simulated_samples_are_the_planted_ones(samples, known):
    assert len(known.markers) == N_TISSUES * K
    assert all(samples.truth.tissue_of[g] == t for _, _, t, g in known.markers)
    assert known.terms["planted:2"] == {
        samples.genes[g] for g in np.flatnonzero(samples.truth.tissue_of == 2)
    }


def test_a_rank_in_a_tie_is_the_last_of_its_group():
    scores = np.array([[3.0, 0, 0, 0, 5], [np.nan] * 5])

    found = ranking_tables.marker_ranks({"m": scores}, [("t", "a", 0, 0), ("t", "b", 0, 2), ("u", "c", 1, 0)])

    assert found["rank"].tolist()[:2] == [2, 5]
    assert np.isnan(found["rank"][2])


def test_few_known_genes_have_a_column_each_and_many_a_median_of_their_tissue(ranked, known):
    few = ranking_tables.wide_ranks(ranking_tables.marker_ranks(ranked, known.markers[:3]))
    ranks = ranking_tables.marker_ranks(ranked, known.markers)
    many = ranking_tables.wide_ranks(ranks)

    assert few.columns.tolist() == ["method", *(f"{t} {name}" for t, name, _, _ in known.markers[:3])]
    tissue = many.columns[1]
    mine = ranks[(ranks["method"] == "tau") & (ranks["tissue"] == tissue)]["rank"]
    assert len(many.columns) == 1 + N_TISSUES
    assert many.set_index("method").loc["tau", tissue] == mine.median()


def test_genes_of_the_ensemble_are_counted_over_its_runs(samples, runs, ranked):
    table = ranking_tables.repeated_selection(runs, samples, K).set_index("tissue")
    mine = [run.scores.per_tissue[1] for run in runs if run.method == OURS]

    tops = [set(np.argsort(-scores)[:K]) for scores in mine]
    best = np.argsort(-ranked[attribution.ENSEMBLE][1], kind="stable")[:K]
    row = table.loc[samples.tissues[1]]
    assert row["runs"] == len(mine) == 4
    assert row["frequency"] == pytest.approx(np.mean([[g in top for g in best] for top in tops]))
    assert row["in_every_run"] == sum(all(g in top for top in tops) for g in best)
    assert row["first"].startswith(samples.genes[best[0]])
    assert ranking_tables.repeated_selection([], samples, K).empty


def test_the_control_with_shuffled_labels_finds_little(samples, held, runs):
    recovered = ranking_tables.recovery_table(samples, held, runs, K)
    precision = recovered.set_index("method")["precision"]

    assert precision["moderated t, next"] > 0.8
    assert precision[ranking_tables.SHUFFLED] < 0.25
    assert recovered["chance"].iloc[0] == pytest.approx(K / N_GENES)


def test_without_a_truth_nothing_is_recovered_and_the_table_of_methods_still_stands(
    samples, held, runs, ranked
):
    from dataclasses import replace

    real = replace(samples, truth=None)
    recovered = ranking_tables.recovery_table(real, held, runs, K)
    ranks = ranking_tables.marker_ranks(ranked, [("tissue A", "a", 0, 1)])

    table = ranking_tables.methods_table(ranked, ranks, recovered, K)

    assert recovered.empty
    assert len(table) == len(ranked)
    assert table["precision"].isna().all()
    assert table["union_share"].between(0, 1).all()


def test_the_core_is_that_of_limma_trees_and_the_network(ranked):
    pairs, core = ranking_tables.shared(ranked, K)
    three = [set(gene_files.top_union(ranked[name], K)) for name in ranking_tables.CORE[:3]]

    assert core["n"] == len(set.intersection(*three))
    assert len(pairs) == len(ranked) * (len(ranked) - 1) / 2


def test_the_published_set_has_three_quarters_of_the_genes_of_random_rankings():
    assert ranking_tables.published_union()["published_over_null"] == pytest.approx(0.773, abs=0.001)


def test_planted_terms_are_found_and_random_factors_are_not(samples, held, ranked, known):
    terms, counts = ranking_tables.enriched(ranked, samples, known, K)
    factors = ranking_tables.tf_table(ranked, samples, held, known, K, n_null=99).set_index("method")

    best = ranking_tables.best_terms(terms)
    assert set(best["term"]) == {f"planted:{t}" for t in range(N_TISSUES)}
    of_t = counts[counts["method"] == "moderated t, next"].set_index("tissue")["terms"]
    assert of_t.to_dict() == dict.fromkeys(samples.tissues, 1)
    assert factors.loc["moderated t, next", "tf_p"] > 0.01


def test_a_tissue_that_was_not_scored_has_no_terms(samples, ranked, known):
    scores = ranked["tau"].copy()
    scores[1] = np.nan

    _, counts = ranking_tables.enriched({"m": scores}, samples, known, K)

    assert counts.set_index("tissue").loc[samples.tissues[1], "terms"] == 0


def test_control_genes_of_walley_are_markers(mirror):
    from reread.maize.data import load as data

    walley = data.load("walley-2016", n_genes=4000)
    known = gene_knowledge.knowledge_of(walley)

    assert {name for tissue, name, _, _ in known.markers if tissue == "endosperm"} >= {"o2", "fl2", "sh2"}
    assert 100 < known.is_tf.sum() < 1000
    assert len(known.terms) > 1000
