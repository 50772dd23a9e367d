"""Malformed files: each reader names the file and says what was expected, or reads the right values."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.networks.data import readers
from reread.networks.data.tables import Expression

EXPRESSION = "A,B,C\n0.5,1,0\n2,0,1.5\n"
TURNED = ",cell1,cell2\nA,0.5,2\nB,1,0\nC,0,1.5\n"
PAIRS = "TF,Target,Label,Score\nA,B,1,999\nA,C,0,0\nB,C,1,999\nB,A,0,0\n"
NETWORK = "Gene1,Gene2\nA,B\nC,A\nA,B\n"
LABELS = "TF,Target,Label\n0,1,1\n0,2,0\n1,2,1\n1,0,0\n"
PREDICTIONS = "TFs,genes,True Labels,Predicted Labels\n0,1,1,0.9\n0,2,0,0.2\n1,2,1,0.7\n1,0,0,0.4\n"
CELLS = Expression(np.zeros((2, 3), dtype=np.float32), ("A", "B", "C"), "toy cells")


@pytest.fixture
def split(tmp_path):
    """Read a label split of which one file is replaced."""

    def read(part, path):
        paths = {}
        for name in ("train", "validation", "test", "predictions"):
            paths[name] = tmp_path / f"{name}.csv"
            paths[name].write_text(PREDICTIONS if name == "predictions" else LABELS)
        return readers.read_label_split(paths | {part: path})

    return read


READERS = {
    "expression": (EXPRESSION, lambda path, _: readers.read_expression(path)),
    "expression, cells in columns": (TURNED, lambda path, _: readers.read_expression(path, "columns")),
    "pairs": (PAIRS, lambda path, _: readers.read_pairs(path, CELLS)),
    "network": (NETWORK, lambda path, _: readers.read_network(path, CELLS)),
    "labels": (LABELS, lambda path, split: split("test", path)),
    "predictions": (PREDICTIONS, lambda path, split: split("predictions", path)),
}


MALFORMED = {
    "empty": lambda text: b"",
    "blank lines only": lambda text: b"\n\n\n",
    "header only": lambda text: text.split("\n")[0].encode() + b"\n",
    "Latin-1": lambda text: text.replace("\n", "\n\u00e9", 1).encode("latin-1"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "gzip bytes": lambda text: gzip.compress(text.encode()),
    "renamed workbook": lambda text: b"PK\x03\x04" + bytes(60),
    "web page": lambda text: b"<!DOCTYPE html><html><body>404</body></html>",
    "zero byte": lambda text: text.encode() + b"\0",
    "a cell too many": lambda text: (text.rstrip("\n") + ",9\n").encode(),
    "a cell too few": lambda text: text.rstrip("\n").rsplit(",", 1)[0].encode() + b"\n",
    "two equal columns": lambda text: "\n".join(
        ",".join([row, row.rsplit(",", 1)[-1]]) for row in text.strip().split("\n")
    ).encode(),
    "an open quotation mark": lambda text: text.replace("\n", '\n"', 1).encode(),
    "semicolons": lambda text: text.replace(",", ";").encode(),
}


@pytest.mark.parametrize("fault", MALFORMED)
@pytest.mark.parametrize("reader", READERS)
def test_a_malformed_file_is_refused_with_its_name(reader, fault, tmp_path, split):
    text, read = READERS[reader]
    path = tmp_path / "own.csv"
    path.write_bytes(MALFORMED[fault](text))

    with pytest.raises(DataError) as caught:
        read(path, split)

    assert "own.csv" in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("reader", READERS)
def test_a_missing_file_a_folder_and_a_byte_order_mark_are_handled(reader, tmp_path, split):
    text, read = READERS[reader]
    (tmp_path / "folder.csv").mkdir()
    for absent in ("absent.csv", "folder.csv"):
        with pytest.raises(DataError, match=absent):
            read(tmp_path / absent, split)
    path = tmp_path / "own.csv"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

    read(path, split)


@pytest.mark.parametrize("bad", ["nan", "", "inf", "1e39", "x7", "1,5", "-0.25"])
def test_a_bad_value_of_expression_is_refused_with_file_and_gene(bad, tmp_path):
    for text, cells_are in ((EXPRESSION, "rows"), (TURNED, "columns")):
        path = tmp_path / "own.csv"
        path.write_text(text.replace("1.5", f'"{bad}"' if "," in bad else bad))

        with pytest.raises(DataError, match=r"own\.csv"):
            readers.read_expression(path, cells_are)


@pytest.mark.parametrize(
    ("reader", "old", "new", "says"),
    [
        ("expression", "A,B,C", "A,,C", "gene 2 has no name"),
        ("expression, cells in columns", "\nB,", "\nA,", "gene A is listed 2 times"),
        ("pairs", "Target", "Targets", "no column 'Target'. Did you mean 'Targets'"),
        ("pairs", "B,C,1", "B,D,1", "row 4: gene D is not in toy cells"),
        ("pairs", "B,A,0", "B,,0", "row 5: Target is empty"),
        ("pairs", "A,C,0", "A,C,2", "row 3: the label is '2', but 0 or 1"),
        ("pairs", "A,C,0", "A,C,no", "row 3: the label is 'no'"),
        ("pairs", ",0,0", ",1,0", "all 4 labels are 1"),
        ("pairs", "B,A,0", "C,A,0", "row 4: TF B has one pair only.*2 such TFs"),
        ("labels", "0,2,0", "0,1.5,0", "row 3: Target is 1.5, but a gene number"),
        ("labels", "0,2,0", "0,1e12,0", r"row 3: Target is 1e\+12, but a gene number"),
        ("labels", "0,2,0", "0,-1,0", "row 3: Target is -1, but a gene number"),
        ("labels", "0,2,0", "0,2,3", "row 3: the label is"),
        ("predictions", "0,2,0", "0,1,0", "must be of the rows"),
        ("predictions", "0.2", "NaN", "line 3, column 'Predicted Labels'"),
    ],
)
def test_a_bad_cell_is_refused_with_row_and_reason(reader, old, new, says, tmp_path, split):
    text, read = READERS[reader]
    path = tmp_path / "own.csv"
    path.write_text(text.replace(old, new))

    with pytest.raises(DataError, match=says) as caught:
        read(path, split)

    assert "own.csv" in str(caught.value)


def test_names_in_another_case_are_reported_as_such_and_counted(tmp_path):
    cells = Expression(np.zeros((2, 3), dtype=np.float32), ("Sox9", "Gata1", "Spi1"), "mouse cells")
    path = tmp_path / "network.csv"
    path.write_text("Gene1,Gene2\nSOX9,GATA1\nSPI1,XYZ\n")

    with pytest.raises(
        DataError, match="SOX9 stands there as Sox9; 2 of 2 missing names differ in case only"
    ):
        readers.read_network(path, cells)


def test_a_long_name_is_cut_in_the_message(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text(PAIRS.replace("B,C,1", f"B,{'x' * 1_000_000},1"))

    with pytest.raises(DataError) as caught:
        readers.read_pairs(path, CELLS)

    assert len(str(caught.value)) < 600
