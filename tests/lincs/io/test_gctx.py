from __future__ import annotations

import gzip
from pathlib import Path
from runpy import run_path

import h5py
import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError
from reread.lincs.io import gct, gctx

write = run_path(str(Path(__file__).parents[3] / "benchmarks/oracles/gctx_writer.py"))["write"]

GENES, SIGNATURES = [f"g{i}" for i in range(7)], [f"s{i}" for i in range(31)]


@pytest.fixture
def values():
    """31 signatures of 7 genes."""
    return np.random.default_rng(0).standard_normal((31, 7)).astype(np.float32)


@pytest.fixture
def path(tmp_path, values):
    rows = pd.DataFrame({"symbol": list("ABCDEFG"), "is_lm": [1, 0, 1, 0, 1, 0, 1]})
    columns = pd.DataFrame({"dose": ["10 µM"] * 31, "time": np.arange(31.0)})
    return write(tmp_path / "a.gctx", values, GENES, SIGNATURES, rows, columns, chunk=4)


def test_what_was_written_is_read_again(path, values):
    meta = gctx.read_meta(path)

    assert (gctx.read(path) == values).all()
    assert meta.row_ids == tuple(GENES)
    assert meta.column_ids == tuple(SIGNATURES)
    assert meta.rows["symbol"].tolist() == list("ABCDEFG")
    assert meta.columns["dose"][0] == "10 µM"
    assert meta.columns["time"].tolist() == list(range(31))


@pytest.mark.parametrize("block", [1, 3, 4, 5, 100])
def test_a_part_comes_in_the_order_asked_for_whatever_the_block(path, values, block):
    rows, columns = [5, 0, 3], [30, 2, 17, 1, 9]

    part = gctx.read(path, [GENES[i] for i in rows], [SIGNATURES[i] for i in columns], block=block)
    assert part.tolist() == values[columns][:, rows].tolist()


def test_one_axis_may_be_left_whole(path, values):
    assert (gctx.read(path, rows=["g6", "g1"]) == values[:, [6, 1]]).all()
    assert (gctx.read(path, columns=["s8", "s7"]) == values[[8, 7]]).all()


def test_a_contiguous_matrix_is_read_as_well(path, values):
    with h5py.File(path, "r+") as file:
        del file[gctx.MATRIX]
        file[gctx.MATRIX] = values

    assert (gctx.read(path, ["g3"], ["s30", "s0"], block=4) == values[[30, 0]][:, [3]]).all()


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (np.array([780, 7849]), ["780", "7849"]),
        (np.array([b"a", "10 µM".encode("latin-1")]), ["a", "10 µM"]),
        (np.array([b"a", "10 µM".encode()]), ["a", "10 µM"]),
        (np.array(["a", "µ"], dtype=h5py.string_dtype()), ["a", "µ"]),
    ],
)
def test_ids_may_be_numbers_or_text_of_any_encoding(tmp_path, stored, read):
    path = write(tmp_path / "b.gctx", np.zeros((3, 2)), ["x", "y"], list("abc"))
    with h5py.File(path, "r+") as file:
        del file[f"{gctx.ROW}/id"]
        file[f"{gctx.ROW}/id"] = stored

    assert list(gctx.read_meta(path).row_ids) == read
    assert gctx.read(path, rows=read[::-1]).shape == (3, 2)


# bad input


def test_a_truncated_file_is_refused(path):
    whole = path.read_bytes()
    for kept in (len(whole) - 100, len(whole) // 2, 600, 40, 3, 0):
        path.write_bytes(whole[:kept])
        with pytest.raises(DataError, match=r"a\.gctx cannot be read as GCTX"):
            gctx.read(path)


def test_a_file_with_a_damaged_table_of_contents_is_refused(path):
    whole = bytearray(path.read_bytes())
    whole[200:1500] = bytes(1300)
    path.write_bytes(whole)

    with pytest.raises(DataError, match="GCTX"):
        gctx.read(path)


def test_text_under_the_name_of_gctx_is_called_text(tmp_path):
    path = tmp_path / "a.gctx"
    path.write_text("#1.3\n1\t1\t0\t0\nid\ts\ng\t1.5\n")

    with pytest.raises(DataError, match=r"GCT text\. Read it with .*\.gct\.read"):
        gctx.read(path)
    assert gct.read(path)[0].tolist() == [[1.5]]


def test_a_packed_file_is_called_packed(path):
    path.write_bytes(gzip.compress(path.read_bytes()))

    with pytest.raises(DataError, match="compressed with gzip"):
        gctx.read_meta(path)


def test_hdf5_of_something_else_is_refused(tmp_path):
    with h5py.File(tmp_path / "c.gctx", "w") as file:
        file["x"] = [1]

    with pytest.raises(DataError, match="HDF5 but no GCTX"):
        gctx.read_meta(tmp_path / "c.gctx")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"d\.gctx must be a file, but is not there"):
        gctx.read(tmp_path / "d.gctx")


def test_missing_ids_are_counted_and_shown(path):
    with pytest.raises(
        DataError, match=r"lacks 2 of the 3 requested row ids: 'h0', 'h1'\. Its first id is 'g0'"
    ):
        gctx.read(path, rows=["h0", "g1", "h1"])
    with pytest.raises(DataError, match="lacks 1 of the 1 requested column ids"):
        gctx.read(path, columns=["S1"])


def test_duplicate_ids_are_refused_on_both_sides(path):
    with pytest.raises(DataError, match=r"requested row ids must be unique, but 1 occur .*'g1'"):
        gctx.read(path, rows=["g1", "g2", "g1"])
    with h5py.File(path, "r+") as file:
        file[f"{gctx.ROW}/id"][3] = b"g0"
    with pytest.raises(DataError, match="row ids of the file must be unique"):
        gctx.read(path, rows=["g1"])


def test_a_matrix_of_another_size_than_its_ids_is_refused(path):
    with h5py.File(path, "r+") as file:
        del file[gctx.MATRIX]
        file[gctx.MATRIX] = np.zeros((30, 7), dtype=np.float32)

    with pytest.raises(DataError, match="names 31 columns, but its matrix has 30"):
        gctx.read_meta(path)


@pytest.mark.parametrize(
    "matrix",
    [np.zeros(31), np.zeros((31, 7, 2)), np.array([[b"x"] * 7] * 31), np.zeros((0, 7))],
    ids=["one axis", "three axes", "words", "no signature"],
)
def test_a_matrix_that_is_none_of_numbers_is_refused_with_the_name_of_the_file(path, matrix):
    with h5py.File(path, "r+") as file:
        del file[gctx.MATRIX]
        file[gctx.MATRIX] = matrix

    with pytest.raises(DataError, match=path.name):
        gctx.read(path)


# the published files


def test_real_files_are_read_as_cmappy_reads_them(mirror):
    """A peer where it can read: no metadata of the level-5 file, which is in Latin-1."""
    parse = pytest.importorskip("cmapPy.pandasGEXpress.parse_gctx").parse
    path = mirror / "lincs/test_l1000_highprecision.gctx"
    theirs = parse(str(path), convert_neg_666=False)
    ours, meta = gctx.read(path), gctx.read_meta(path)

    assert (ours == theirs.data_df.to_numpy().T).all()
    assert list(meta.row_ids) == theirs.data_df.index.tolist()
    assert list(meta.column_ids) == theirs.data_df.columns.tolist()
    for name in ("pert_iname", "det_well", "pert_idose"):
        assert meta.columns[name].tolist() == theirs.col_metadata_df[name].astype(str).tolist()


def test_a_part_of_a_real_file_is_what_cmappy_reads_of_it_in_our_order(mirror):
    parse = pytest.importorskip("cmapPy.pandasGEXpress.parse_gctx").parse
    path = mirror / "lincs/test_l1000_highprecision.gctx"
    meta, rng = gctx.read_meta(path), np.random.default_rng(1)
    rows = [meta.row_ids[i] for i in rng.permutation(978)[:50]]
    columns = [meta.column_ids[i] for i in rng.permutation(377)[:20]]
    theirs = parse(str(path), rid=rows, cid=columns).data_df

    assert (gctx.read(path, rows, columns) == theirs.loc[rows, columns].to_numpy().T).all()


def test_the_level_5_file_in_latin_1_is_read_whole(mirror):
    path = mirror / "lincs/modzs_n272x978.gctx"
    with h5py.File(path) as file:
        raw = file[gctx.MATRIX][:]
    meta = gctx.read_meta(path)

    assert (gctx.read(path) == raw).all()
    assert set(meta.columns["pert_idose"]) == {"10 µM", "100 nM", "500 nM", "1 µM", "3 µM"}


def test_the_text_of_the_plate_is_read_as_cmappy_reads_it(mirror):
    parse = pytest.importorskip("cmapPy.pandasGEXpress.parse_gct").parse
    path = mirror / "lincs/test_l1000.gct"
    theirs = parse(str(path), convert_neg_666=False)
    ours, meta = gct.read(path)

    assert (ours == theirs.data_df.to_numpy(dtype=np.float32).T).all()
    assert list(meta.row_ids) == theirs.data_df.index.tolist()
    assert list(meta.column_ids) == theirs.data_df.columns.tolist()
    assert meta.columns["pert_iname"].tolist() == theirs.col_metadata_df["pert_iname"].tolist()
