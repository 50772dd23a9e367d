from __future__ import annotations

import numpy as np
import pytest
from reread.core import metrics as score
from reread.networks.data import load as data
from reread.networks.data.splits import split_pairs
from reread.networks.data.tables import Pairs
from reread.networks.methods import gene_names


@pytest.fixture(scope="module")
def pairs():
    return data.load("simulated", n_cells=4, negatives="pool", pool=12).pairs


def mean_score(measure, method, pairs, scheme):
    """Mean over five folds of a measure of one names-only method."""
    folds = split_pairs(pairs, scheme)
    found = [
        measure(pairs.label[f.test], gene_names.METHODS[method](pairs, f.train, f.test, 0)) for f in folds
    ]
    return float(np.mean(found))


# mean AUROC over the five folds: by pair, by TF, by gene
PUBLISHED_LISTS = {
    ("mhsc-e", "one-hot-logistic"): (0.843, 0.786, 0.472),
    ("mhsc-l", "one-hot-logistic"): (0.887, 0.877, 0.467),
    ("mhsc-e", "gene-rate"): (0.774, 0.749, 0.500),
    ("mhsc-l", "gene-rate"): (0.843, 0.851, 0.500),
    ("mhsc-e", "tf-rate"): (0.352, 0.500, 0.357),
    ("mhsc-l", "tf-rate"): (0.318, 0.500, 0.346),
}


@pytest.mark.parametrize(("source", "method"), PUBLISHED_LISTS)
def test_names_reach_what_was_measured_on_the_published_lists(published, source, method):
    pairs = published(source).pairs

    found = [mean_score(score.auroc, method, pairs, scheme) for scheme in ("pair", "tf", "gene")]
    assert found == pytest.approx(PUBLISHED_LISTS[source, method], abs=0.002)


@pytest.mark.parametrize(("source", "wanted"), [("mhsc-e", 0.863), ("mhsc-l", 0.904)])
def test_average_precision_of_names_on_the_published_lists(published, source, wanted):
    found = mean_score(score.average_precision, "one-hot-logistic", published(source).pairs, "pair")

    assert found == pytest.approx(wanted, abs=0.002)


@pytest.mark.parametrize(("source", "wanted"), [("mhsc-e", 0.844), ("mhsc-l", 0.889)])
def test_random_codes_do_as_well_as_names_on_the_published_lists(published, source, wanted):
    found = mean_score(score.auroc, "random-codes-lightgbm", published(source).pairs, "pair")

    # codes are drawn: other draws move the AUROC by about 0.005
    assert found == pytest.approx(wanted, abs=0.012)


@pytest.mark.parametrize("source", ["mhsc-e", "mhsc-l"])
@pytest.mark.parametrize("method", ["tf-rate", "gene-rate", "tf-and-gene-rate", "degree", "one-hot-logistic"])
def test_names_know_exactly_nothing_when_both_sides_are_held_out(published, source, method):
    assert mean_score(score.auroc, method, published(source).pairs, "both") == 0.5


def test_two_numbers_beat_the_published_predictions_on_the_hesc500_split(published):
    split = data.load_label_split("hesc500")
    pairs, train, test = split.joined()
    null = gene_names.tf_and_gene_rate(pairs, train, test)

    found = [
        (score.auroc(split.test.label, s), score.average_precision(split.test.label, s))
        for s in (null, split.published_scores)
    ]
    assert found[0] == pytest.approx((0.885, 0.616), abs=0.005)
    assert found[1] == pytest.approx((0.862, 0.563), abs=0.001)


def test_degrees_of_equal_product_tie_and_give_the_auroc_of_exact_ties():
    pairs, train, test = data.load_label_split("simulated", seed=0).joined()

    found = gene_names.degree(pairs, train, test)

    assert len(np.unique(found)) == 35  # sums of logarithms give 43 values and an AUROC of 0.7022 or 0.7004
    assert score.auroc(pairs.label[test], found) == pytest.approx(0.69996, abs=5e-6)


@pytest.mark.parametrize("method", ["tf-rate", "degree"])
def test_simulated_label_splits_can_be_predicted_without_expression(method):
    found = []
    for seed in range(3):
        pairs, train, test = data.load_label_split(seed=seed).joined()
        found.append(score.auroc(pairs.label[test], gene_names.METHODS[method](pairs, train, test, seed)))

    assert np.mean(found) > 0.65


def test_rates_agree_with_counting_row_by_row(pairs):
    fold = split_pairs(pairs, "pair")[0]
    prevalence = pairs.label[fold.train].mean()

    slow = []
    for row in fold.test:
        seen = [pairs.label[r] for r in fold.train if pairs.tf[r] == pairs.tf[row]]
        slow.append((sum(seen) + prevalence) / (len(seen) + 1))
    assert gene_names.METHODS["tf-rate"](pairs, fold.train, fold.test) == pytest.approx(slow)


def test_degrees_agree_with_counting_row_by_row(pairs):
    fold = split_pairs(pairs, "pair")[0]
    known = [(pairs.tf[r], pairs.gene[r]) for r in fold.train if pairs.label[r]]

    slow = []
    for row in fold.test:
        targets = sum(tf == pairs.tf[row] for tf, _ in known)
        regulators = sum(gene == pairs.gene[row] for _, gene in known)
        slow.append((1 + targets) * (1 + regulators))
    assert gene_names.degree(pairs, fold.train, fold.test).tolist() == slow


@pytest.mark.parametrize("method", gene_names.METHODS)
def test_no_method_looks_at_test_labels(pairs, method):
    fold = split_pairs(pairs, "pair")[0]
    turned = pairs.label.copy()
    turned[fold.test] = 1 - turned[fold.test]
    blind = Pairs(pairs.tf, pairs.gene, turned, pairs.genes)

    score_pairs = gene_names.METHODS[method]
    found = score_pairs(pairs, fold.train, fold.test, 0)
    assert (found == score_pairs(blind, fold.train, fold.test, 0)).all()
