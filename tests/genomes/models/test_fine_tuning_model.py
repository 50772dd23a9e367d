from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import ParameterError
from reread.genomes.data import cohort as cohorts
from reread.genomes.methods.personal_prediction import predict_gene
from reread.genomes.models import enformer, fine_tuning, fit
from reread.genomes.models.predict import train

TRACK = cohorts.EXPRESSION
SIZE = enformer.Architecture(dim=48, depth=1, heads=2, key_dim=16, divisible_by=8, n_tracks=3)


@pytest.fixture(scope="module")
def cohort():
    return cohorts.load_cohort("simulated", n_genes=5, n_people=14, n_train=20, seed=4)


@pytest.fixture(scope="module")
def network(cohort):
    return train(cohort.train_sequences, cohort.train_targets, SIZE, epochs=12, batch=5, rate=8e-3, seed=0)[0]


@pytest.fixture(scope="module")
def embedded(network, cohort):
    return fine_tuning.embed_people(network, cohort, track=TRACK)


def lora(network, embedded, cohort, **more):
    genes, people = np.arange(4), np.arange(10)
    target = cohort.expression.values
    return fine_tuning.lora(network, embedded, target, genes, people, track=TRACK, **more)


def test_the_cached_prediction_is_that_of_the_chapter_before(network, embedded, cohort):
    for gene in range(5):
        people = predict_gene(fit.predictor(network), cohort, gene, tracks=(TRACK,))[1]
        np.testing.assert_allclose(embedded.untuned[gene], people, rtol=1e-5, atol=1e-6)
    assert embedded.features.shape == (5, 14, 2 * SIZE.dim)


def test_lora_without_a_step_is_the_untuned_network(network, embedded, cohort):
    made, losses = lora(network, embedded, cohort, epochs=0)

    np.testing.assert_allclose(made, embedded.untuned, rtol=1e-5, atol=1e-6)
    assert losses == []


def test_lora_lowers_the_loss_and_leaves_the_network_as_it_was(network, embedded, cohort):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    made, losses = lora(network, embedded, cohort, epochs=6, rate=1e-2)
    again, _ = lora(network, embedded, cohort, epochs=6, rate=1e-2)

    assert losses[-1] < losses[0]
    np.testing.assert_array_equal(made, again)
    assert np.abs(made - embedded.untuned).max() > 1e-3
    assert all((value == before[name]).all() for name, value in network.state_dict().items())


def test_lora_sees_training_people_of_training_genes_only(network, embedded, cohort):
    target = cohort.expression.values.copy()
    target[4] = 0.0
    target[:, 10:] *= -3
    made = fine_tuning.lora(
        network, embedded, target, np.arange(4), np.arange(10), track=TRACK, epochs=2, seed=0
    )[0]

    np.testing.assert_array_equal(made, lora(network, embedded, cohort, epochs=2)[0])


def test_lora_without_kept_convolutions_is_refused(network, cohort):
    bare = fine_tuning.embed_people(network, cohort, track=TRACK, keep_stem=False)

    with pytest.raises(ParameterError, match="needs kept convolutions"):
        lora(network, bare, cohort)
