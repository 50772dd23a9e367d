from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.maize.organs import CONTROL_GENES, ORGAN_OF, ORGANS, control_genes, organ_of


def test_twenty_three_stages_are_twelve_organs():
    assert len(ORGAN_OF) == 23
    assert len(ORGANS) == 12
    assert set(CONTROL_GENES) <= set(ORGANS)


def test_names_that_sound_like_another_organ_are_not_taken_for_it():
    tissue, names = organ_of(
        np.array(["Root - Meristem Zone 5 Days", "Female Spikelet Collected on day as silk"])
    )

    assert [names[k] for k in tissue] == ["root", "spikelet"]


def test_organs_without_a_sample_get_no_number():
    tissue, names = organ_of(np.array(["Silk", "Mature Leaf 8", "Silk"]))

    assert names == ("leaf", "silk")
    assert tissue.tolist() == [1, 0, 1]


def test_an_unknown_stage_names_the_nearest():
    with pytest.raises(DataError, match="Did you mean 'Silk'"):
        organ_of(np.array(["silk"]))


def test_control_genes_are_those_that_the_data_holds():
    genes = ("other", "Zm00001d044129", "Zm00001d046170")

    assert control_genes(genes, ("silk", "endosperm")) == [("endosperm", "sh2", 1, 1)]
    assert control_genes(genes, ("leaf",)) == [("leaf", "ppc1", 0, 2)]
