from __future__ import annotations

import numpy as np
import pytest
from reread.lincs.data import rows
from reread.lincs.data.rows import HELD_OUT, RANDOM
from reread.lincs.data.tables import Signatures, meta_frame


@pytest.fixture(scope="module")
def signatures():
    """40 signatures of 8 drugs in two lines, and 10 of a drug that the paper leaves out."""
    names = [f"drug {i % 8}" for i in range(40)] + ["MG-132"] * 10
    cells = ["A375"] * 30 + ["rare"] * 20
    meta = meta_frame(
        50, sig_id=[f"s{i}" for i in range(50)], pert_id=names, pert_name=names, kind="drug", cell=cells
    )
    values = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    return Signatures(values, ("1", "2", "3"), ("A", "B", "C"), meta)


def test_what_the_paper_leaves_out_is_left_out(signatures):
    assert rows.used(signatures).tolist() == list(range(40))
    assert rows.used(signatures, min_per_line=20).tolist() == list(range(30))


def test_a_random_tenth_and_whole_perturbations_are_kept_apart(signatures):
    parts = rows.splits(signatures, share=0.25)

    assert len(parts[RANDOM].test) == 5
    held = set(signatures.meta["pert_name"].iloc[parts[HELD_OUT].test])
    assert held.isdisjoint(signatures.meta["pert_name"].iloc[parts[HELD_OUT].train])


def test_the_leak_of_a_random_split_is_counted(signatures):
    parts = rows.splits(signatures)
    leaks = rows.leaks(signatures, parts).set_index("split")

    assert leaks.loc[RANDOM, "perturbation"] == 1
    assert leaks.loc[HELD_OUT, "perturbation"] == 0
    assert leaks.loc[HELD_OUT, "cell line"] == 1


def test_sizes_are_counted(signatures):
    sizes = rows.sizes(signatures, rows.splits(signatures))

    assert sizes["signatures"], sizes["perturbations"] == (50, 9)
    assert sizes["genes"] == 3
    assert sizes["kept-apart.random"] == 5
