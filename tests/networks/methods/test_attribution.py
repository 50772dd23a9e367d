from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.networks.methods.hubs import attribute_tf

GENES = tuple("abcdefg")
NEIGHBOUR = np.array([3, 3, 3, 4, 3, 3, 3])  # everyone's neighbour is d, whose neighbour is e


class Toy:
    """Tokens: TF, gene, neighbour of each. Only gene d carries anything, wherever its features go."""

    def token_genes(self, tf, gene):
        return np.column_stack((tf, gene, NEIGHBOUR[tf], NEIGHBOUR[gene]))

    def attribute(self, tf, gene, *, genes=None, n_steps):
        carried = np.arange(len(GENES)) if genes is None else genes
        return np.where(carried[self.token_genes(tf, gene)] == 3, -2.0, 0.25)


def test_the_gene_that_carries_the_predictions_comes_first_and_beats_its_null():
    table = attribute_tf(Toy(), "a", GENES, n_null=199)

    first = table.iloc[0]
    assert first["gene"] == "d"
    assert first["attribution"] == (6 * 2 + 5 * 2) / 6  # the neighbour of a six times, of a target five times
    assert first["p"] < 0.25
    assert first["null_high"] <= first["attribution"]
    assert table["p"].iloc[1:].min() > 0.7


def test_tokens_are_summed_by_gene_and_the_target_itself_is_left_out():
    table = attribute_tf(Toy(), "a", GENES, n_null=3).set_index("gene")

    assert table["attribution"].to_dict() == {"d": (6 + 5) * 2 / 6, "a": 0.25, "e": 0.25 / 6}


def test_a_tf_that_is_no_gene_is_refused():
    with pytest.raises(DataError, match="'z' is not a gene"):
        attribute_tf(Toy(), "z", GENES)
