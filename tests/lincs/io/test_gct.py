from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.lincs.io import gct, gctx

TEXT = (
    "#1.3\n2\t3\t1\t2\n"
    "id\tsymbol\ts1\ts2\ts3\n"
    "cell\tna\tA375\tPC3\tPC3\n"
    "time\tna\t6\t24\t6\n"
    "g1\tMYC\t1.5\t-2\t3e-1\n"
    "g2\tJUN\t4\t5\t6\n"
)


@pytest.fixture
def write(tmp_path):
    def write(text: str):
        (tmp_path / "a.gct").write_text(text)
        return tmp_path / "a.gct"

    return write


def test_text_is_turned_round_and_its_fields_are_read(write):
    values, meta = gct.read(write(TEXT))

    assert values.tolist() == np.float32([[1.5, 4], [-2, 5], [0.3, 6]]).tolist()
    assert (meta.row_ids, meta.column_ids) == (("g1", "g2"), ("s1", "s2", "s3"))
    assert meta.rows["symbol"].tolist() == ["MYC", "JUN"]
    assert meta.columns["cell"].tolist() == ["A375", "PC3", "PC3"]
    assert meta.columns["time"].tolist() == [6, 24, 6]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t[: t.index("g2")], "promises 5 lines of 5 fields, but holds 4 of 5"),
        (lambda t: t.replace("#1.3", "#1.0"), "is no GCT #1.3"),
        (lambda t: t.replace("2\t3\t1\t2", "2\t3\tx\t2"), "four whole numbers are wanted"),
        (lambda t: t.replace("3e-1", "high"), "no number: could not convert string to float: 'high'"),
        (lambda t: "", "is no GCT #1.3"),
    ],
)
def test_what_is_no_whole_gct_is_refused(write, change, says):
    with pytest.raises(DataError, match=says):
        gct.read(write(change(TEXT)))


def test_hdf5_under_the_name_of_gct_is_called_hdf5(tmp_path):
    gctx.write(tmp_path / "a.gct", np.zeros((3, 2)), ["x", "y"], list("abc"))

    with pytest.raises(DataError, match=r"is HDF5, not text\. Read it with reread\.lincs\.gctx"):
        gct.read(tmp_path / "a.gct")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no file .*b\.gct"):
        gct.read(tmp_path / "b.gct")
