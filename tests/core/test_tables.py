"""A table from outside is read as it stands, or refused with the names of file, line and column."""

from __future__ import annotations

import gzip
import os
import zipfile

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.core.tables import bad_cell, door, read_table

HEAD = b"run,g1,g2,tissue\n"
EXPRESSION = {"text": ["run", "tissue"]}


@pytest.fixture
def table(tmp_path):
    """``table(body, name, ...)``: write the bytes and read them."""

    def read(body: bytes, name: str = "user.csv", **how):
        (tmp_path / name).write_bytes(body)
        return read_table(tmp_path / name, **how)

    return read


def test_numbers_are_numbers_and_everything_else_stays_text(table):
    found = table(HEAD + b"007,1,2.5e-1,TRUE\n1-Mar,0,3,NA\n", **EXPRESSION)

    assert found.to_dict("list") == {
        "run": ["007", "1-Mar"],
        "g1": [1.0, 0.0],
        "g2": [0.25, 3.0],
        "tissue": ["TRUE", "NA"],
    }


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.csv", lambda body: body),
        ("a.csv", lambda body: b"\xef\xbb\xbf" + body),
        ("a.csv", lambda body: b"\n\n" + body.replace(b"\n", b"\r\n") + b"\r\n"),
        ("a.csv.gz", gzip.compress),
        ("a.tsv", lambda body: body.replace(b",", b"\t")),
        ("a.txt.gz", lambda body: gzip.compress(body.replace(b",", b"\t"))),
    ],
)
def test_marks_line_ends_blank_lines_and_packing_change_nothing(table, name, pack):
    found = table(pack(HEAD + b"S1,1,2,leaf\n"), name, **EXPRESSION)

    assert found.to_dict("list") == {"run": ["S1"], "g1": [1.0], "g2": [2.0], "tissue": ["leaf"]}


def test_named_columns_come_in_the_order_of_the_wish_and_others_are_left_out(table):
    assert list(table(HEAD + b"S1,1,2,leaf\n", columns=["tissue", "run"])) == ["tissue", "run"]


def test_a_quoted_cell_may_hold_a_separator_and_a_line_end(table):
    assert table(HEAD + b'S1,1,2,"leaf, zone 1\nupper"\n')["tissue"].tolist() == ["leaf, zone 1\nupper"]


ROWS = {
    "a cell too many": (b"S1,1,2,leaf, zone 1\n", "line 2: must have 4 .* has 5"),
    "a cell too many in every row": (
        b"S1,1,2,leaf,x\nS2,1,2,leaf,x\n",
        "line 2: must have 4 .* has 5",
    ),
    "a cell too few": (b"S1,1,2,leaf\n\nS2,1,2\n", "line 4: must have 4 .* has 3"),
    "a cell too few behind a quoted one": (
        b'S1,1,2,"leaf"\nS2,1,2\n',
        "line 3: must have 4 .* has 3",
    ),
    "a quotation mark left open": (b'S1,1,2,"leaf\nS2,1,2,root\n', "line 3.*quotation mark"),
    "a word for a number": (b"S1,1,high,leaf\n", "line 2, column 'g2': must be a finite number.* is 'high'"),
    "an empty cell": (b"S1,,2,leaf\n", "line 2, column 'g1': must be a finite number.* is ''"),
    "NaN": (b"S1,1,2,leaf\nS2,nan,2,leaf\n", "line 3, column 'g1'.* is 'nan'"),
    "infinity": (b"S1,1,inf,leaf\n", "line 2, column 'g2'.* is 'inf'"),
    "a number beyond float64": (b"S1,1,1e400,leaf\n", "line 2, column 'g2'.* is '1e400'"),
    "a Python number": (b"S1,1_0,2,leaf\n", "line 2, column 'g1'.* is '1_0'"),
    "a decimal comma": (b'S1,"1,5",2,leaf\n', "line 2, column 'g1'.* is '1,5'"),
    "a zero byte": (b"S1,1,2,le" + b"a" * 600 + b"\0f\n", "line 2: holds a zero byte"),
    "no row": (b"", "holds no row"),
    "a carriage return": (b"S1,1,2,leaf\rS2,1,2,root\n", "line 2: a carriage return"),
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_row_that_does_not_fit_is_refused_with_line_and_column(table, kind):
    body, says = ROWS[kind]

    with pytest.raises(DataError, match=rf"(?s)user\.csv.*{says}"):
        table(HEAD + body, **EXPRESSION)


FILES = {
    "nothing": (b"", "empty"),
    "blank lines": (b"\n \n\n", "empty"),
    "Latin-1": ("run,tissue\nS1,M\u00fcller\n".encode("latin-1"), "line 2: byte 0xfc is not UTF-8"),
    "UTF-16": ("run\nS1\n".encode("utf-16"), "UTF-16; save it as UTF-8"),
    "UTF-16 without a mark": ("run\nS1\n".encode("utf-16-le"), "UTF-16"),
    "gzip bytes": (gzip.compress(HEAD, mtime=0), "a gzip file; give it a name that ends in .gz"),
    "a renamed workbook": (b"PK\x03\x04" + bytes(40), "an Excel workbook"),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + bytes(40), "an old Excel workbook"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(40), "an HDF5 file"),
    "a web page": (b"\n<!DOCTYPE html><html>", "a web page"),
    "random bytes": (bytes(range(256)), "binary"),
    "two columns of one name": (b"run,g1,g1\nS1,1,2\n", "2 columns named 'g1'"),
    "two columns without a name": (b"run,,\nS1,1,2\n", "2 columns named ''"),
    "another separator": (
        b"run;tissue\nS1;leaf\n",
        "header seems to be separated by semicolons",
    ),
    "a misspelt column": (b"runs,tissue\nS1,leaf\n", "no column 'run'. Did you mean 'runs'"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_of_another_kind_is_refused_and_the_kind_is_named(table, kind):
    body, says = FILES[kind]

    with pytest.raises(DataError, match=rf"user\.csv.*{says}"):
        table(body, columns=["run", "tissue"])


@pytest.mark.parametrize(
    "body",
    [gzip.compress(HEAD * 99, mtime=0)[:-9], gzip.compress(HEAD, mtime=0)[:5], b"run,g1\n"],
    ids=["cut", "head", "none"],
)
def test_a_gzip_file_that_is_cut_off_or_none_is_refused_by_name(table, body):
    with pytest.raises(DataError, match=r"user\.csv\.gz cannot be read as a table of text"):
        table(body, "user.csv.gz")


def test_a_number_that_is_infinite_in_float32_is_refused(table):
    with pytest.raises(DataError, match=r"line 2, column 'g2': .*\(float32\), but is '1e39'"):
        table(HEAD + b"S1,1,1e39,leaf\n", dtype="float32", **EXPRESSION)


def test_a_value_of_thirty_megabytes_is_not_repeated_in_the_message(table):
    with pytest.raises(DataError) as caught:
        table(b"run,g1\nS1," + b"x" * 30_000_000 + b"\n", numbers=["g1"])

    assert "user.csv, line 2" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_users_own_file_is_never_to_be_deleted(table):
    for body, _ in [*ROWS.values(), *FILES.values()]:
        with pytest.raises(DataError) as caught:
            table(body, columns=["nowhere"])
        assert "Delete" not in str(caught.value)


def test_what_is_no_regular_file_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")

    for name, says in (("pipe.csv", "not a regular file"), ("", "a folder"), ("none.csv", "not there")):
        with pytest.raises(DataError, match=says):
            read_table(tmp_path / name)


READERS = {
    "npz": (lambda path: dict(np.load(path, allow_pickle=False)), "x.npz"),
    "hdf5": (lambda path: __import__("h5py").File(path)["a"], "x.h5"),
    "zip": (lambda path: zipfile.ZipFile(path).testzip(), "x.zip"),
    "json": (lambda path: __import__("json").loads(path.read_text())["a"], "x.json"),
}
BODIES = {
    "nothing": b"",
    "text": b"run,g1\n",
    "latin": "M\u00fcller".encode("latin-1"),
    "zip": b"PK\x03\x04" + bytes(60),
    "cut npy": b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': 0, 'shape': (9, 99999999), }",
    "cut hdf5": b"\x89HDF\r\n\x1a\n" + bytes(40),
    "pickle": b"\x80\x04K\x01.",
    "no key": b"{}",
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("body", BODIES)
def test_every_reader_behind_the_door_fails_with_the_name_of_the_file(tmp_path, reader, body):
    read, name = READERS[reader]
    (tmp_path / name).write_bytes(BODIES[body])

    with pytest.raises(DataError, match=name), door(tmp_path / name, f"a file of {reader}") as path:
        read(path)


def test_an_error_of_ours_passes_the_door_as_it_is(tmp_path):
    (tmp_path / "x").write_text("")

    with pytest.raises(DataError, match=r"^ours$"), door(tmp_path / "x"):
        raise DataError("ours")


def test_a_bad_cell_is_cut_at_eighty_characters(tmp_path):
    assert len(str(bad_cell(tmp_path, 3, "g" * 500, "v" * 500, "a number"))) < 400
