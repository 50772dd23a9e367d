from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.genomes.chapters import ch02_one_person, ch03_one_gene
from reread.genomes.data import cohort as cohorts
from reread.genomes.data.simulate import true_log_expression
from reread.genomes.methods import evaluation, personal_prediction

TRACKS = (cohorts.EXPRESSION,)
EXACT = pd.DataFrame({"format": ["float32"], "accepted": [True]})


@pytest.fixture(scope="module")
def cohort():
    return cohorts.load_cohort("simulated", n_genes=7, n_people=12, n_train=5, seed=4)


def oracle(sequences, bins=None, tracks=None):
    """The ground truth of the simulation in place of a network."""
    made = cohorts.simulated_tracks(sequences)
    made = made if tracks is None else made[..., list(tracks)]
    return made if bins is None else made[:, slice(*bins)]


def test_the_ground_truth_in_place_of_a_network_predicts_the_genetic_part(cohort):
    rows = [personal_prediction.predict_gene(oracle, cohort, gene, tracks=TRACKS) for gene in range(7)]
    predicted = np.stack([people for _, people in rows])
    table = evaluation.across_people(predicted, cohort.expression.values, cohort.expression.genes["gene"])

    assert table["r"].mean() > 0.3
    assert rows[0][0] == pytest.approx(true_log_expression(cohort.reference_window(0)[None])[0], abs=1e-5)


def test_any_number_of_shards_gives_the_same_bytes(cohort, tmp_path):
    for n_shards in (1, 3):
        for shard in range(n_shards):
            personal_prediction.run_shard(
                oracle, cohort, tmp_path / str(n_shards), tracks=TRACKS, shard=shard, n_shards=n_shards
            )
    files = sorted((tmp_path / "1").iterdir())

    assert len(files) == 7
    assert [one.read_bytes() for one in files] == [(tmp_path / "3" / one.name).read_bytes() for one in files]
    merged = [personal_prediction.gather(tmp_path / name, 7, 12).tobytes() for name in "13"]
    assert merged[0] == merged[1]


def test_a_killed_shard_continues_where_it_was(cohort, tmp_path):
    calls = []

    def dies(sequences, bins=None, tracks=None):
        calls.append(len(sequences))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return oracle(sequences, bins, tracks)

    with pytest.raises(KeyboardInterrupt):
        personal_prediction.run_shard(dies, cohort, tmp_path, tracks=TRACKS, shard=0, n_shards=1)
    with pytest.raises(DataError, match=r"lacks 5 of 7 genes, the first gene-00002.npy.\nRun its shard"):
        personal_prediction.gather(tmp_path, 7, 12)
    personal_prediction.run_shard(dies, cohort, tmp_path, tracks=TRACKS, shard=0, n_shards=1)

    assert len(calls) == 3 + 5
    assert personal_prediction.gather(tmp_path, 7, 12).shape == (7, 13)
    with pytest.raises(ParameterError, match="shard must lie between 0 and 1, but is 2"):
        personal_prediction.run_shard(oracle, cohort, tmp_path, tracks=TRACKS, shard=2, n_shards=2)


def test_other_settings_have_another_folder(cohort, tmp_path):
    assert personal_prediction.shard_folder(tmp_path, cohort, (1,)) != personal_prediction.shard_folder(
        tmp_path, cohort, (2,)
    )


def test_few_negative_genes_are_told_from_chance():
    rng = np.random.default_rng(0)
    measured = rng.normal(size=(40, 30))
    good, none = measured + rng.normal(size=measured.shape), rng.normal(size=measured.shape)

    assert evaluation.sign_null(good, measured, n=99)["p"] == pytest.approx(0.01)
    assert evaluation.sign_null(none, measured, n=99)["p"] > 0.02
    assert [evaluation.strength_word(r) for r in (0.6, 0.3, 0.15, 0.0)] == [
        "strong", "moderate", "weak", "absent or negative",
    ]  # fmt: skip
    low, high = evaluation.fisher_interval(0.0, 103)
    assert (low, high) == (pytest.approx(-0.1934, abs=1e-3), pytest.approx(0.1934, abs=1e-3))


def test_the_interval_of_a_median_holds_it_and_narrows_with_more_genes():
    r = np.random.default_rng(0).normal(0.2, 0.3, 400)
    few, many = (evaluation.median_interval(part, seed=0) for part in (r[:25], r))

    assert few["low"] < np.median(r[:25]) < few["high"]
    assert many["high"] - many["low"] < 0.5 * (few["high"] - few["low"])
    # the median of n normal values has a standard deviation of 1.2533 / sqrt(n)
    assert many["high"] - many["low"] == pytest.approx(2 * 1.96 * 1.2533 * 0.3 / 20, rel=0.3)


def test_the_format_of_a_page_names_its_files(cohort, tmp_path):
    tried = pd.DataFrame(
        {"format": ["bfloat16", "tf32"], "correlation": [0.8, 1.0], "accepted": [False, True]}
    )
    assert ch03_one_gene.format_used(tried) == "tf32"
    assert ch03_one_gene.format_used(EXACT) == "float32"
    for formats in (tried, EXACT):
        ch03_one_gene.predict_all(
            oracle, cohort, tmp_path, formats, tracks=TRACKS, unphased="error", shard=-1, n_shards=1
        )
    assert len(list(tmp_path.iterdir())) == 2


def test_every_figure_is_drawn(cohort, tmp_path):
    predicted = ch02_one_person.predict_person(oracle, oracle, cohort, 1, tracks=TRACKS, unphased="error")
    found = ch03_one_gene.predict_all(
        oracle, cohort, tmp_path, EXACT, tracks=TRACKS, unphased="error", shard=-1, n_shards=2
    )
    published = np.stack([personal_prediction.predict_published(oracle, cohort, gene) for gene in range(7)])
    table = ch03_one_gene.gene_table(found[:, 1:], published, cohort)
    measured = cohort.expression.values[:, 1]
    shown = [
        ch02_one_person.scatter(predicted, measured), ch02_one_person.architecture(),
        ch02_one_person.correlations(evaluation.across_genes(predicted, measured)),
        ch03_one_gene.strips(table), ch03_one_gene.people(found[:, 1:], cohort, 0),
        ch03_one_gene.extremes(table),
    ]  # fmt: skip

    assert all(one.figure is not None and 40 <= len(one.alt) <= 250 for one in shown)
    np.testing.assert_allclose(predicted["reference"], found[:, 0])
    np.testing.assert_allclose(predicted["corrected"], found[:, 2])  # as among all people
    np.testing.assert_allclose(predicted["published"], published[:, 1])
    assert table.groupby("protocol").size().tolist() == [7, 7]


def test_impossible_cohorts_are_refused():
    with pytest.raises(ParameterError, match="no cohort 'gtex'"):
        cohorts.load_cohort("gtex")
    with pytest.raises(ParameterError, match="multiple of 128 bases, at least 512, but is 500"):
        cohorts.load_cohort("simulated", window=500)
    with pytest.raises(ParameterError, match="needs 3 paths, but files has 1"):
        cohorts.load_cohort("own", files="a.fa")
