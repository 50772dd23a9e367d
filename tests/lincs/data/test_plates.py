from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.lincs.chapters import ch01_signatures as ch01
from reread.lincs.data import plates
from reread.lincs.data import splits as split
from reread.lincs.data.simulate import simulate
from reread.lincs.data.tables import Signatures, meta_frame
from reread.lincs.methods import leakage as leaks


@pytest.fixture(scope="module")
def simulated():
    return simulate(0, n_genes=60)


# plates


def test_the_simulated_plate_gives_back_its_planted_z_scores():
    found = plates.compare_levels(plates.load("simulated"))

    assert found["correlation"].min() > 0.999
    assert np.abs(found["offset"]).max() < 1e-3
    assert found["max_difference"].max() < 1e-3


def test_an_offset_is_told_apart_from_a_difference():
    plate = plates.load("simulated")
    moved = plates.Plate(plate.level_3, plate.level_4 + np.float32(0.86), plate.meta)

    assert plates.compare_levels(moved)["offset"].to_numpy() == pytest.approx(np.full(978, 0.86), abs=1e-3)


def test_wells_of_a_drug_agree_and_wells_without_one_do_not():
    joined = plates.signatures_of(plates.load("simulated")).groupby("kind")["agreement"].mean()

    assert joined["drug"] > 0.2 > abs(joined["control"]) * 3


def test_the_real_plate_has_59_drugs_at_high_dose(real):
    joined = plates.signatures_of(plates.load("plate"))

    assert joined["kind"].value_counts().to_dict() == {"drug": 59, "control": 8}


def test_a_plate_of_no_source_is_refused():
    with pytest.raises(ParameterError, match=r"no plate 'plat'.*Did you mean 'plate'"):
        plates.load("plat")


# strength


def test_strength_is_by_dose_with_controls_first_and_knock_downs_last():
    meta = meta_frame(
        6,
        kind=["knockdown", "drug", "drug", "drug", "control", "drug"],
        dose_um=[np.nan, 10, 0.4, 10, np.nan, np.nan],
    )
    values = np.arange(6, dtype=np.float32)[:, None] * np.ones((1, 3), dtype=np.float32)
    table = ch01.strength_by_dose(Signatures(values, tuple("abc"), tuple("abc"), meta))

    assert table["group"].tolist() == ["control", "dose unknown", "0.4 µM", "10 µM", "knock-down"]
    assert table["median"].tolist() == [4, 5, 2, 2, 0]
    assert table["n"].tolist() == [1, 1, 1, 2, 1]


# leaks


def test_a_nearest_neighbour_gains_from_a_leak_as_the_slow_way_says(simulated):
    drugs = leaks.with_class(simulated)
    table = leaks.neighbour_recall(drugs, n_folds=3)
    pcl, hits = drugs.meta["pcl"].to_numpy(), {}
    for one in split.folds(drugs.meta, by=("pert_name",), n_folds=3):
        cc = np.corrcoef(drugs.values[np.concatenate([one.test, one.train])])[
            : len(one.test), len(one.test) :
        ]
        for row, place in zip(one.test, cc.argmax(axis=1), strict=True):
            hits.setdefault(pcl[row], []).append(pcl[one.train][place] == pcl[row])
    found = table[table["scheme"] == "by drug"].set_index("pcl")

    assert found["recall"].to_dict() == pytest.approx({name: np.mean(one) for name, one in hits.items()})
    assert found["n"].sum() == len(drugs)
    mean = table.groupby("scheme")["recall"].mean()
    assert mean["random"] - mean["by drug"] > 0.02


def test_what_is_held_out_is_not_seen(simulated):
    seen = leaks.shared_with_training(simulated, n_folds=3).set_index(["scheme", "what"])["share_seen"]

    assert seen["by drug", "drug"] == 0
    assert seen["random", "drug"] > 0.95


def test_without_classes_an_shrna_is_a_drug_and_its_gene_a_class(simulated):
    downs = simulated.take((simulated.meta["kind"] == "knockdown").to_numpy())
    found = leaks.with_class(downs)

    assert found.meta["pcl"].nunique() == 120
    assert found.meta["pert_name"].nunique() == 360


def test_signatures_without_any_pair_of_drugs_are_refused(simulated):
    with pytest.raises(DataError, match="No class has two drugs"):
        leaks.with_class(simulated.take(np.arange(3)))
