from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError
from reread.lincs.data.annotations import HOURS, MICROMOLAR, described, quantity


@pytest.mark.parametrize(
    ("text", "dose"),
    [
        ("10 µM", 10), ("10 μM", 10), ("10 uM", 10), ("100 nM", 0.1), ("3.33 um", 3.33), ("1e-3 uM", 1e-3),
        ("0.5mM", 500), ("2 pM", 2e-6), ("10 ng/mL", None), ("1..2 uM", None), ("10", None), ("10,0 uM",
        None),
    ],
)  # fmt: skip
def test_doses_are_micromolar_whatever_the_spelling(text, dose):
    assert quantity(text, MICROMOLAR) == (dose if dose is None else pytest.approx(dose))


@pytest.mark.parametrize(
    ("text", "hours"),
    [("24 h", 24), ("24H", 24), ("24 hr", 24), ("3 d", 72), ("30 min", 0.5), ("2 weeks", None)],
)
def test_times_are_hours_whatever_the_spelling(text, hours):
    assert quantity(text, HOURS) == hours


def table(**columns) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    given = {"pert_id": "P", "pert_iname": "x", "pert_type": "trt_cp", "cell_id": "A375"} | columns
    return pd.DataFrame(given, index=range(n))


def test_only_known_words_of_controls_are_controls():
    controls = ["ctl_vehicle", "CTL_UNTRT", "ctl_vector.cns"]
    others = ["trt_lig", "trt_oe", "trt_aby"]
    words = [*controls, "TRT_CP", "trt_sh.cgs", *others]

    meta = described(table(pert_type=words), words)

    assert meta["kind"].tolist() == ["control"] * 3 + ["drug", "knockdown"] + ["other"] * 3


def test_treatments_doses_and_times_that_are_not_recognised_are_counted_and_shown():
    given = table(
        pert_type=["trt_cp", "trt_new", "trt_new"],
        pert_idose=["10 ng", "-666", "1 uM"],
        pert_itime=["6 h"] * 2 + ["soon"],
    )
    with pytest.warns(UserWarning) as caught:
        meta = described(given, list("abc"))

    assert meta["kind"].tolist() == ["drug", "other", "other"]
    assert meta["dose_um"].tolist() == pytest.approx([np.nan, np.nan, 1.0], nan_ok=True)
    said = sorted(str(one.message) for one in caught)
    assert [text.split(";")[0] for text in said] == [
        "1 doses of 3 are not recognised: '10 ng' (1)",
        "1 times of 3 are not recognised: 'soon' (1)",
        "2 treatments of 3 are not recognised: 'trt_new' (2)",
    ]


def test_a_file_of_known_words_gives_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        described(table(pert_idose=["10 µM", "-666"], pert_itime=["24 h", "nan"]), list("ab"))


def test_a_missing_field_is_named():
    with pytest.raises(DataError, match="lack the field 'cell_id'"):
        described(table(pert_idose=["1 uM"]).drop(columns="cell_id"), ["a"])
