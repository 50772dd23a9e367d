from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.maize.data import load as data
from reread.maize.data.image import log_plus_one
from reread.maize.data.readers import (
    CONTROL_GENES,
    ORGAN_OF,
    ORGANS,
    control_genes,
    organ_of,
)
from reread.maize.methods import own_method

# control gene to the organ whose mean is higher than that of its own, in the 68 libraries
HIGHER_ELSEWHERE = {"fl2": "pericarp", "ssu1": "silk"}


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


@pytest.fixture(scope="module")
def atlas(mirror):
    """All 68 libraries, mean log2(x + 1) of each organ (organ, gene) beside them."""
    found = data.load("walley-2016")
    log = log_plus_one(found.values)
    return found, log, np.stack([log[found.tissue == k].mean(axis=0) for k in range(found.n_tissues)])


def test_control_genes_are_highest_in_their_organ_but_for_those_that_are_marked(atlas):
    found, _, mean = atlas

    highest = {
        name: (organ, found.tissues[mean[:, g].argmax()])
        for organ, name, _, g in control_genes(found.genes, found.tissues)
    }
    assert len(highest) == 8
    assert {name: top for name, (organ, top) in highest.items() if top != organ} == HIGHER_ELSEWHERE


def test_control_genes_of_the_leaf_mark_the_mature_leaf_alone(atlas):
    found, log, _ = atlas
    is_mature = found.group == "Mature Leaf 8"

    for organ, _, k, g in control_genes(found.genes, found.tissues):
        if organ == "leaf":
            assert log[is_mature, g].min() > 9
            assert log[(found.tissue == k) & ~is_mature, g].max() < 6
            assert is_mature.sum() == 3


def test_every_control_gene_is_highest_in_a_stage_of_its_organ(atlas):
    found, log, _ = atlas
    stages = np.unique(found.group)

    for organ, name, _, g in control_genes(found.genes, found.tissues):
        top = stages[np.argmax([log[found.group == stage, g].mean() for stage in stages])]
        assert ORGAN_OF[str(top)] == organ, name


def test_the_digests_of_the_book_are_those_of_the_libraries(atlas):
    page = (Path(__file__).resolve().parents[3] / "book" / "own-method.md").read_text()
    shown = re.findall(r"^\| maize \| walley-2016 \| (\w+) \| `(\w+)` \|$", page, re.MULTILINE)

    assert dict(shown) == own_method.split_digests(atlas[0])
