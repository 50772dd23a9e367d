from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.networks.data.features import gene_features
from scipy import stats


@pytest.fixture
def values():
    """Expression of 9 cells and 5 genes with zeros; gene 3 never varies."""
    values = np.random.default_rng(0).poisson(1.5, (9, 5)).astype(np.float32)
    values[:, 3] = 0.1
    return values


@pytest.mark.parametrize(("kind", "slow"), [("pearson", stats.pearsonr), ("spearman", stats.spearmanr)])
def test_correlations_agree_with_one_pair_of_genes_at_a_time(values, kind, slow):
    genes = [0, 1, 2, 4]

    found = gene_features(values, kind)[np.ix_(genes, genes)]
    wanted = [[slow(values[:, a], values[:, b])[0] for b in genes] for a in genes]
    assert found == pytest.approx(np.array(wanted), abs=1e-6)


def test_a_gene_that_never_varies_correlates_with_nothing(values):
    found = gene_features(values)

    assert (found[3] == 0).all()
    assert (found[:, 3] == 0).all()


def test_components_keep_the_distances_of_standardised_genes(values):
    features = gene_features(values, "pca", n_components=99)

    varying = [0, 1, 2, 4]
    assert features[varying] @ features[varying].T == pytest.approx(
        np.corrcoef(values[:, varying].T), abs=1e-5
    )


def test_features_do_not_depend_on_the_order_of_cells(values):
    shuffled = values[[4, 2, 8, 0, 1, 7, 3, 6, 5]]

    for kind in ("pearson", "spearman", "pca"):
        assert gene_features(shuffled, kind) == pytest.approx(gene_features(values, kind), abs=1e-5)


def test_a_misspelt_kind_names_the_nearest(values):
    with pytest.raises(ParameterError, match="Did you mean 'pearson'"):
        gene_features(values, "pearsons")


def test_no_component_and_no_second_cell_are_refused(values):
    with pytest.raises(ParameterError, match="n_components=0"):
        gene_features(values, "pca", n_components=0)
    with pytest.raises(DataError, match="only 1"):
        gene_features(values[:1])
