"""Number formats in the inference of people: real bf16 on the CPU, used only where differences survive it."""

from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import ParameterError
from reread.core.precision import MIN_DEVIATION_CORRELATION
from reread.genomes.chapters import ch03_one_gene
from reread.genomes.data import cohort as cohorts
from reread.genomes.methods import personal_prediction
from reread.genomes.models import enformer, fit
from reread.genomes.models.predict import train

TRACKS = (cohorts.EXPRESSION,)
SIZE = enformer.Architecture(dim=48, depth=1, heads=2, key_dim=16, divisible_by=8, n_tracks=3, tf_gamma=False)


@pytest.fixture(scope="module")
def cohort():
    return cohorts.load_cohort("simulated", n_genes=5, n_people=14, n_train=20, seed=4)


@pytest.fixture(scope="module")
def network(cohort):
    return train(cohort.train_sequences, cohort.train_targets, SIZE, epochs=12, batch=5, rate=8e-3, seed=0)[0]


def deviations(predict, cohort):
    rows = [personal_prediction.predict_gene(predict, cohort, gene, tracks=TRACKS)[1] for gene in range(4)]
    return np.stack([row - row.mean() for row in rows])


def test_bf16_is_used_only_where_the_differences_between_people_survive_it(network, cohort):
    ways = fit.predictors(network, "bfloat16")
    chosen, table = personal_prediction.choose_format(ways, cohort, tracks=TRACKS)
    found = table.set_index("format")

    exact, half = (deviations(ways[name], cohort) for name in ("float32", "bfloat16"))
    worst = min(np.corrcoef(*pair)[0, 1] for pair in zip(exact, half, strict=True))
    assert list(ways) == ["bfloat16", "tf32", "float32"]
    assert found.loc["bfloat16", "correlation"] == pytest.approx(worst, abs=1e-6)
    assert found.loc["bfloat16", "accepted"] == (worst > MIN_DEVIATION_CORRELATION)
    assert chosen is ways[found.index[found["accepted"].astype(bool)][0]]


def test_bf16_that_rounds_the_differences_away_is_refused_and_the_predictions_are_those_of_fp32(
    network, cohort, tmp_path
):
    """A track far from zero: its values are hardly rounded, the differences between people are."""
    flat = enformer.Enformer(SIZE)
    flat.load_state_dict(network.state_dict())
    flat.eval()._heads["human"][0].bias.data += 300.0
    ways = fit.predictors(flat, "bfloat16")
    chosen, table = personal_prediction.choose_format(ways, cohort, tracks=TRACKS)

    assert table["format"].tolist()[0] == "bfloat16" and not table["accepted"].iloc[0]
    assert chosen is not ways["bfloat16"]
    gene = [personal_prediction.predict_gene(ways[one], cohort, 0, tracks=TRACKS)[1] for one in ways]
    np.testing.assert_allclose(gene[0], gene[2], rtol=0.01)
    made = [
        ch03_one_gene.predict_all(
            one, cohort, tmp_path / name, table, tracks=TRACKS, unphased="error", shard=-1, n_shards=n_shards
        )
        for name, one, n_shards in (("guarded", chosen, 3), ("exact", ways["float32"], 1))
    ]
    np.testing.assert_array_equal(*made)


def test_tf32_on_a_cpu_is_fp32(network, cohort):
    ways = fit.predictors(network, "tf32")
    table = personal_prediction.choose_format(ways, cohort, tracks=TRACKS)[1]

    assert table.to_dict("records") == [
        {"format": "tf32", "correlation": pytest.approx(1), "error": 0.0, "accepted": True}
    ]


def test_an_unknown_format_is_refused_with_the_nearest_name(network):
    with pytest.raises(ParameterError, match=r"no number format 'bfloat'. Did you mean 'bfloat16'"):
        fit.predictors(network, "bfloat")
    assert list(fit.predictors(network, "float32")) == ["float32"]
