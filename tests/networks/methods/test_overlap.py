from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.networks.data import load as data
from reread.networks.data import readers
from reread.networks.data.tables import Expression, GRNDataset, Pairs
from reread.networks.methods import transfer


def tiny(values, genes, pairs, tfs):
    """GRNDataset from rows of (tf, gene, label) by name."""
    place = {name: i for i, name in enumerate(genes)}
    tf, gene, label = ([place[p[0]] for p in pairs], [place[p[1]] for p in pairs], [p[2] for p in pairs])
    expression = Expression(np.asarray(values, dtype=np.float32), tuple(genes), "tiny")
    tfs = np.sort([place[name] for name in tfs])
    return GRNDataset(
        expression, Pairs(tf, gene, label, tuple(genes)), tfs, np.zeros((len(tfs), len(genes)), bool)
    )


@pytest.fixture(scope="module")
def two():
    """Genes A B C D against B A E; cells 0 and 2 of the target are cells 1 and 0 of the source."""
    source = tiny(
        [[1, 2, 9, 9], [3, 4, 8, 8], [5, 6, 7, 7]],
        "ABCD",
        [("A", "B", 1), ("A", "C", 0), ("B", "A", 1)],
        "AB",
    )
    target = tiny(
        [[4, 3, 0], [4, 4, 0], [2, 1, 5], [0, 0, 0]],
        "BAE",
        [("A", "B", 1), ("B", "A", 0), ("E", "A", 0), ("E", "B", 1)],
        "ABE",
    )
    return source, target


def test_shared_cells_genes_tfs_and_pairs_are_counted_by_name_and_value(two):
    counts, cells = transfer.overlap(*two)

    assert counts == {"cells": 2, "genes": 2, "tfs": 2, "pairs": 2}
    assert cells.tolist() == [True, False, True, False]


def test_worlds_without_a_common_gene_share_no_cell(two):
    other = tiny([[1, 2]], "XY", [("X", "Y", 1)], "X")

    assert transfer.overlap(two[0], other)[0]["cells"] == 0


@pytest.mark.parametrize(
    ("exclude", "kept"), [("nothing", [0, 1, 2, 3]), ("pairs", [2, 3]), ("tfs-and-genes", [])]
)
def test_each_exclusion_keeps_what_the_source_has_not_seen(two, exclude, kept):
    assert transfer.kept_rows(two[0], two[1].pairs, exclude).tolist() == kept


def test_a_wrong_exclusion_is_refused(two):
    with pytest.raises(ParameterError, match="pairs"):
        transfer.kept_rows(two[0], two[1].pairs, "pair")


def test_a_target_with_no_cell_of_its_own_is_refused(two):
    with pytest.raises(DataError, match="at least 2 cells"):
        transfer._without_cells(two[1], np.array([True, True, True, False]))


def test_lineages_share_what_was_counted(mirror):
    erythroid, lymphoid = (lineage(mirror, stem) for stem in "EL")

    counts, _ = transfer.overlap(erythroid, lymphoid)

    assert counts == {"cells": 508, "genes": 108, "tfs": 16, "pairs": 179}


def lineage(mirror, stem):
    folder = mirror / "networks"
    expression = readers.read_expression(folder / f"mHSC-{stem}_ExpressionDataOrderedfl.csv", name=stem)
    return data.dataset_of(
        expression, readers.read_pairs(folder / f"GenePairListmHSC-{stem}-Non-1000-GPL.csv", expression)
    )
