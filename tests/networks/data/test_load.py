from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.networks.data import load as data
from reread.networks.data import readers
from reread.networks.data.tables import Expression, Pairs, stack

EXPRESSION = "A,B,C\n0.5,1,0\n2,0,1.5\n"
PAIRS = "TF,Target,Label,Score\nA,B,1,999\nA,C,0,0\nB,C,1,999\nB,A,0,0\n"


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "table.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def expression():
    return Expression(np.zeros((2, 3), dtype=np.float32), ("A", "B", "C"), "toy cells")


def test_cells_in_rows_and_cells_in_columns_read_alike(file):
    rows = readers.read_expression(file(EXPRESSION))
    columns = readers.read_expression(file(",cell1,cell2\nA,0.5,2\nB,1,0\nC,0,1.5\n"), "columns")

    assert rows.genes == columns.genes == ("A", "B", "C")
    assert rows.values.tolist() == columns.values.tolist() == [[0.5, 1, 0], [2, 0, 1.5]]
    assert rows.values.dtype == np.float32


def test_genes_that_look_like_missing_values_keep_their_names(file):
    assert readers.read_expression(file("NA,NULL\n1,2\n")).genes == ("NA", "NULL")


def test_pairs_point_into_the_genes_of_the_expression(file, expression):
    pairs = readers.read_pairs(file(PAIRS), expression)

    assert pairs.tf.tolist() == [0, 0, 1, 1]
    assert pairs.gene.tolist() == [1, 2, 2, 0]
    assert pairs.label.tolist() == [1, 0, 1, 0]
    assert pairs.gene_names.tolist() == ["B", "C", "C", "A"]


def test_a_network_lists_each_edge_once(file, expression):
    tf, gene = readers.read_network(file("Gene1,Gene2\nA,B\nC,A\nA,B\n"), expression)

    assert list(zip(tf.tolist(), gene.tolist(), strict=True)) == [(0, 1), (2, 0)]


def test_an_unknown_source_names_the_nearest():
    with pytest.raises(ParameterError, match="Did you mean 'mhsc-e'"):
        data.load("mhsc_e")
    with pytest.raises(ParameterError, match="Did you mean 'hesc500'"):
        data.load_label_split("hesc_500")


def test_a_simulated_world_has_the_sizes_asked_for_and_knows_its_truth():
    dataset = data.load("simulated", n_cells=20, n_genes=50, n_tfs=11, seed=3)

    assert dataset.expression.values.shape == (20, 50)
    assert dataset.truth.shape == (11, 50)
    assert dataset.without_targets.sum() == 4
    assert (dataset.pairs.label == dataset.truth[dataset.pairs.tf, dataset.pairs.gene]).all()


def test_two_simulated_worlds_of_one_seed_are_equal_to_the_bit():
    one, other = (data.load("simulated", n_cells=20, seed=3) for _ in range(2))

    assert (one.expression.values == other.expression.values).all()
    assert (one.pairs.gene == other.pairs.gene).all()


def test_a_self_pair_is_kept_in_the_list_but_not_in_the_truth(expression):
    pairs = Pairs(np.array([2, 0]), np.array([2, 1]), np.array([1, 1]), ("A", "B", "C"))

    dataset = data.dataset_of(expression, pairs)
    assert dataset.tfs.tolist() == [0, 2]
    assert dataset.truth.tolist() == [[False, True, False], [False, False, False]]


def test_lists_over_different_genes_are_not_stacked(expression):
    one = Pairs(np.array([0]), np.array([1]), np.array([1]), ("A", "B"))
    other = Pairs(np.array([0]), np.array([1]), np.array([1]), ("B", "A"))

    with pytest.raises(DataError, match="share their genes"):
        stack(one, other)


# cells, genes, pairs, positives, TFs, edges of the truth
PUBLISHED = {
    "mhsc-e": (1071, 354, 1353, 676, 45, 665),
    "mhsc-l": (847, 403, 1690, 845, 63, 831),
    "mdc": (383, 821, 205_000, 3067, 250, 3067),
}


@pytest.mark.parametrize("source", PUBLISHED)
def test_published_files_have_the_recorded_sizes_and_no_negative_value(published, source):
    dataset = published(source, negatives="grid")

    pairs = dataset.pairs
    found = (*dataset.expression.values.shape, len(pairs), pairs.label.sum(), *dataset.truth.shape[:1])
    assert (*found, dataset.truth.sum()) == PUBLISHED[source]
    assert dataset.expression.values.min() == 0


def test_published_lists_are_half_positive_within_each_tf(published):
    for source in ("mhsc-e", "mhsc-l"):
        pairs = published(source).pairs
        excess = np.bincount(pairs.tf, 2.0 * pairs.label - 1)
        assert np.abs(excess).max() <= 1


def test_the_hesc500_split_is_a_complete_grid_cut_within_each_tf(published):
    """Contrary to a 1:1 draw of negatives: every TF keeps its own density in all three parts."""
    split = data.load_label_split("hesc500")

    sizes = [len(part) for part in (split.train, split.validation, split.test)]
    assert sizes == [20_677, 3_087, 7_142]
    assert sum(sizes) == 34 * 909
    density = [
        np.bincount(p.tf, p.label)[np.unique(p.tf)] / np.bincount(p.tf)[np.unique(p.tf)]
        for p in (split.train, split.test)
    ]
    assert np.abs(density[0] - density[1]).max() < 0.01
    assert density[0].max() > 0.75


def test_saved_predictions_of_other_rows_are_refused(published, tmp_path, mirror):
    folder = mirror / "networks/hESC500_scGREAT"
    saved = (folder / "labels_and_predictions.csv").read_text().splitlines()
    swapped = tmp_path / "predictions.csv"
    swapped.write_text("\n".join([saved[0], saved[2], saved[1], *saved[3:]]) + "\n")
    names = {"train": "Train_set.csv", "validation": "Validation_set.csv", "test": "Test_set.csv"}

    with pytest.raises(DataError, match="must be of the rows"):
        readers.read_label_split({k: folder / v for k, v in names.items()} | {"predictions": swapped})


def test_simulated_label_splits_share_no_pair():
    split = data.load_label_split(seed=1)

    keys = [part.tf * 120 + part.gene for part in (split.train, split.validation, split.test)]
    assert len(np.unique(np.concatenate(keys))) == sum(map(len, keys))
