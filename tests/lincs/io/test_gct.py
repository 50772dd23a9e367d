from __future__ import annotations

import gzip
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.lincs.io import gct

write_gctx = run_path(str(Path(__file__).parents[3] / "benchmarks/oracles/gctx_writer.py"))["write"]

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
        (lambda t: t[: t.index("g2")], r"must have 5 lines below the sizes, but has 4\. It may be cut short"),
        (lambda t: t.replace("\t5\t6", "\t5"), "line 7: must have 5 cells, but has 4"),
        (lambda t: t.replace("#1.3", "#1.0"), "is no GCT: it begins with '#1.0'"),
        (lambda t: t.replace("2\t3\t1\t2", "2\t3\tx\t2"), "four whole numbers"),
        (lambda t: t.replace("3e-1", "high"), r"line 6, column 's3': must be a finite number.* is 'high'"),
        (lambda t: t.replace("3e-1", "1e39"), r"line 6, column 's3': must be a finite number.* is '1e39'"),
        (lambda t: t.replace("3e-1", "inf"), r"line 6, column 's3': must be a finite number.* is 'inf'"),
        (lambda t: "", "is no GCT"),
    ],
)
def test_what_is_no_whole_gct_is_refused_with_line_and_column(write, change, says):
    with pytest.raises(DataError, match=says) as error:
        gct.read(write(change(TEXT)))
    assert "a.gct" in str(error.value)


@pytest.mark.parametrize("word", ["NA", "NaN", "nan", ""])
def test_a_missing_value_is_nan_whatever_its_spelling(write, word):
    values, _ = gct.read(write(TEXT.replace("3e-1", word)))

    assert np.argwhere(np.isnan(values)).tolist() == [[2, 0]]


def test_version_1_2_is_read_too(write):
    text = "#1.2\n2\t3\nNAME\tDescription\ts1\ts2\ts3\ng1\tMYC\t1\t2\t3\ng2\tJUN\t4\t5\t6\n"
    values, meta = gct.read(write(text))

    assert values.tolist() == [[1, 4], [2, 5], [3, 6]]
    assert (meta.row_ids, meta.column_ids) == (("g1", "g2"), ("s1", "s2", "s3"))
    assert meta.rows["Description"].tolist() == ["MYC", "JUN"]
    assert list(meta.columns.columns) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_the_micro_sign_is_read_in_either_encoding(tmp_path, encoding):
    path = tmp_path / "a.gct"
    path.write_bytes(TEXT.replace("A375", "10 µM").encode(encoding))

    assert gct.read(path)[1].columns["cell"].tolist() == ["10 µM", "PC3", "PC3"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (gzip.compress(TEXT.encode(), mtime=0), r"compressed with gzip\.\nRun:  gunzip -k a\.gct"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04...", "Excel workbook"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path, content, says):
    path = tmp_path / "a.gct"
    path.write_bytes(content)

    with pytest.raises(DataError, match=says):
        gct.read(path)


def test_hdf5_under_the_name_of_gct_is_called_hdf5(tmp_path):
    write_gctx(tmp_path / "a.gct", np.zeros((3, 2)), ["x", "y"], list("abc"))

    with pytest.raises(DataError, match=r"is HDF5, not text\. Read it with reread\.lincs\.io\.gctx"):
        gct.read(tmp_path / "a.gct")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"b\.gct must be a file, but is not there"):
        gct.read(tmp_path / "b.gct")
