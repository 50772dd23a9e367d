from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.networks.data import load as data
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
    rows = data.read_expression(file(EXPRESSION))
    columns = data.read_expression(file(",cell1,cell2\nA,0.5,2\nB,1,0\nC,0,1.5\n"), "columns")

    assert rows.genes == columns.genes == ("A", "B", "C")
    assert rows.values.tolist() == columns.values.tolist() == [[0.5, 1, 0], [2, 0, 1.5]]
    assert rows.values.dtype == np.float32


def test_genes_that_look_like_missing_values_keep_their_names(file):
    assert data.read_expression(file("NA,NULL\n1,2\n")).genes == ("NA", "NULL")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("A,B,C\n", "no cell"),
        ("A,B,A\n1,2,3\n", "gene A stands 2 times"),
        ("A,,C\n1,2,3\n", "gene 2 has no name"),
        ("A,B,C\n1,2,3\n1,,3\n", "gene B has no finite value in cell 2"),
        ("A,B,C\n1,inf,3\n", "gene B has no finite value in cell 1"),
        ("A,B,C\n1,2,3\n1,2,x7\n", "gene C is 'x7' in cell 2"),
        ("A,B,C\n1,2,3\n-0.25,2,3\n", "gene A is -0.25 in cell 2.*\nUndo the centring"),
        ("A,B\n1,2\n1,2,3\n", "not a table"),
    ],
)
def test_bad_expression_is_refused_with_file_gene_and_cell(file, text, says):
    with pytest.raises(DataError, match=says) as caught:
        data.read_expression(file(text))

    assert "table.csv" in str(caught.value)


def test_negative_expression_is_read_when_it_is_meant(file):
    found = data.read_expression(file("A,B\n-1,2\n"), may_be_negative=True)

    assert found.values.tolist() == [[-1, 2]]


def test_cells_are_rows_or_columns_and_nothing_else(file):
    with pytest.raises(ParameterError, match="'genes'"):
        data.read_expression(file(EXPRESSION), "genes")


def test_pairs_point_into_the_genes_of_the_expression(file, expression):
    pairs = data.read_pairs(file(PAIRS), expression)

    assert pairs.tf.tolist() == [0, 0, 1, 1]
    assert pairs.gene.tolist() == [1, 2, 2, 0]
    assert pairs.label.tolist() == [1, 0, 1, 0]
    assert pairs.gene_names.tolist() == ["B", "C", "C", "A"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("TF,Target,Label\n", "no row below its header"),
        ("TF,Targets,Label\nA,B,1\n", "no column 'Target'. Did you mean 'Targets'"),
        (PAIRS.replace("B,C,1", "B,D,1"), "row 4: gene D is not in toy cells"),
        (PAIRS.replace("B,A,0", "B,,0"), "row 5: Target is empty"),
        (PAIRS.replace("A,C,0", "A,C,2"), "row 3: the label is '2', but 0 or 1"),
        (PAIRS.replace("A,C,0", "A,C,no"), "row 3: the label is 'no'"),
        (PAIRS.replace(",0,0", ",1,0"), "all 4 labels are 1"),
        (PAIRS.replace("B,A,0", "C,A,0"), "row 4: TF B has one pair only.*2 such TFs"),
    ],
)
def test_bad_pairs_are_refused_with_file_row_and_gene(file, expression, text, says):
    with pytest.raises(DataError, match=says) as caught:
        data.read_pairs(file(text), expression)

    assert "table.csv" in str(caught.value)


def test_a_gene_in_the_wrong_case_is_refused_with_the_right_spelling(file):
    expression = Expression(np.zeros((2, 2), dtype=np.float32), ("Gata1", "Spi1"))

    with pytest.raises(DataError, match="Did you mean 'Gata1'"):
        data.read_pairs(file("TF,Target,Label\nGata1x,Spi1,1\nSpi1,Gata1,0\n"), expression)


def test_a_network_lists_each_edge_once(file, expression):
    tf, gene = data.read_network(file("Gene1,Gene2\nA,B\nC,A\nA,B\n"), expression)

    assert list(zip(tf.tolist(), gene.tolist(), strict=True)) == [(0, 1), (2, 0)]


def test_a_missing_file_is_refused_with_the_command_that_gets_it(tmp_path):
    with pytest.raises(DataError, match="reread data get networks"):
        data.read_expression(tmp_path / "absent.csv")


def test_an_unknown_source_names_the_nearest():
    with pytest.raises(ParameterError, match="Did you mean 'mhsc-e'"):
        data.load("mhsc_e")
    with pytest.raises(ParameterError, match="Did you mean 'hesc500'"):
        data.load_label_split("hesc_500")
    with pytest.raises(ParameterError, match="Did you mean 'by tf'"):
        data.load_label_split(style="by_tf")


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
    "mdc-string": (383, 821, 264 * 820, 4815, 264, 4815),
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
        data.read_label_split({k: folder / v for k, v in names.items()} | {"predictions": swapped})


@pytest.mark.parametrize("style", ["by-tf", "uniform"])
def test_simulated_label_splits_share_no_pair(style):
    split = data.load_label_split(style=style, seed=1)

    keys = [part.tf * 120 + part.gene for part in (split.train, split.validation, split.test)]
    assert len(np.unique(np.concatenate(keys))) == sum(map(len, keys))


def test_uniform_label_splits_balance_training_but_not_test_negatives():
    split = data.load_label_split(style="uniform", seed=1)

    assert (np.bincount(split.train.tf, 2.0 * split.train.label - 1) == 0).all()
    assert split.test.label.mean() == pytest.approx(0.076, abs=0.01)
    negatives, positives = (np.bincount(split.test.tf[split.test.label == k], minlength=24) for k in (0, 1))
    assert negatives.std() < 0.35 * negatives.mean()
    assert positives.std() > 0.8 * positives.mean()
