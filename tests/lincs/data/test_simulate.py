from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import ParameterError
from reread.lincs.data.simulate import DOSES, LINES, MIMICRY, N_REPLICATES, PROGRAM, simulate

N_GENES, N_PER_FAMILY, N_DRUGS, N_KNOCKDOWNS, N_HAIRPINS = 90, 3, 5, 25, 2


def small(seed=0, **changes):
    sizes = {"n_genes": N_GENES, "n_per_family": N_PER_FAMILY, "n_drugs": N_DRUGS}
    sizes |= {"n_knockdowns": N_KNOCKDOWNS, "n_shrnas": N_HAIRPINS}
    return simulate(seed, **(sizes | changes))


@pytest.fixture(scope="module")
def drawn():
    return small()


@pytest.fixture(scope="module")
def quiet():
    """Without noise and without off-target programmes."""
    return small(noise=0.0, off=0.0)


def correlation(a, b):
    return float(np.corrcoef(a, b)[0, 1])


def mean_of(signatures, column, name):
    return signatures.values[(signatures.meta[column] == name).to_numpy()].mean(axis=0)


def test_every_drug_meets_every_line_and_dose_and_every_gene_every_line_and_hairpin(drawn):
    counts = drawn.meta.groupby("kind")["sig_id"].nunique()

    assert drawn.values.shape == (len(drawn), N_GENES)
    assert counts["drug"] == 3 * N_PER_FAMILY * N_DRUGS * len(LINES) * len(DOSES) * N_REPLICATES
    assert counts["knockdown"] == N_KNOCKDOWNS * len(LINES) * N_HAIRPINS


def test_the_default_has_the_size_that_the_book_speaks_of():
    assert len(simulate(n_genes=5)) == 1728 + 1440


def test_equal_seeds_give_equal_bytes_and_others_do_not(drawn):
    assert small().values.tobytes() == drawn.values.tobytes()
    assert small().meta.equals(drawn.meta)
    assert small(1).values.tobytes() != drawn.values.tobytes()


def test_values_are_clipped_z_scores(drawn):
    loud = small(noise=8.0)

    assert drawn.values.dtype == np.float32
    assert np.abs(loud.values).max() == 10


def test_the_last_class_of_the_first_family_is_weak_and_of_the_others_inert(drawn):
    truth = drawn.truth
    size = np.sqrt(np.square(truth.programs).mean(axis=1))

    assert truth.strength == (
        "strong",
        "strong",
        "weak",
        "strong",
        "strong",
        "inert",
        "strong",
        "strong",
        "inert",
    )
    assert truth.families == (0, 0, 0, 1, 1, 1, 2, 2, 2)
    assert size[-1] == 0
    np.testing.assert_allclose(size[[0, 2]], [PROGRAM, 0.4 * PROGRAM], rtol=0.35)


def test_drugs_of_a_strong_class_point_along_its_programme(quiet):
    for name, kind, program in zip(quiet.truth.pcls, quiet.truth.strength, quiet.truth.programs, strict=True):
        along = mean_of(quiet, "pcl", name)
        if kind == "inert":
            assert not along.any()
        else:
            assert correlation(along, program) > 0.9


def test_classes_of_one_family_are_more_alike_than_others():
    """Over several worlds: in 24 dimensions two directions are alike by accident now and then."""
    inside, outside = [], []
    for seed in range(8):
        truth = small(seed).truth
        shown = np.array(truth.strength) != "inert"
        alike = np.corrcoef(truth.programs[shown])
        family = np.array(truth.families)[shown]
        same = family[:, None] == family
        inside.append(alike[same & ~np.eye(len(family), dtype=bool)].mean())
        outside.append(alike[~same].mean())

    assert np.mean(inside) > np.mean(outside) + 0.25


def test_a_higher_dose_does_more(drawn):
    size = np.square(drawn.values).mean(axis=1)
    by_dose = [size[(drawn.meta["dose_um"] == dose).to_numpy()].mean() for dose in DOSES]

    assert by_dose[0] < by_dose[1] < by_dose[2]


def test_targets_of_a_strong_class_mimic_it_and_those_of_an_inert_class_do_not(quiet):
    truth = quiet.truth
    strong, inert = f"{truth.pcls[0]}-d1", f"{truth.pcls[-1]}-d1"
    alike = [correlation(mean_of(quiet, "gene", gene), truth.programs[0]) for gene in truth.targets[strong]]
    elsewhere = [
        abs(correlation(mean_of(quiet, "gene", gene), truth.programs[0])) for gene in truth.targets[inert]
    ]

    assert min(alike) > MIMICRY - 0.35
    assert min(alike) > max(elsewhere)


def test_drugs_of_a_class_have_the_same_two_targets_and_classes_share_none(drawn):
    by_class = {}
    for drug, genes in drawn.truth.targets.items():
        by_class.setdefault(drug.split("-")[0], set()).add(genes)
    all_genes = [gene for genes in by_class.values() for gene in next(iter(genes))]

    assert {len(genes) for genes in by_class.values()} == {1}
    assert len(all_genes) == len(set(all_genes)) == 2 * 3 * N_PER_FAMILY
    assert set(all_genes) <= set(drawn.meta["gene"])


@pytest.mark.parametrize(
    "wrong", [{"n_drugs": 1}, {"n_knockdowns": 17}, {"n_per_family": 1}, {"n_shrnas": 0}]
)
def test_a_world_that_cannot_hold_its_truth_is_refused(wrong):
    with pytest.raises(ParameterError, match=r"needs two classes"):
        small(**wrong)
