from __future__ import annotations

import gzip

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.maize.data.readers import _groups_of, read_expression, read_walley, write_table

TABLE = "sample,G1,G2,G3,tissue\nSRR7,0,1.5,2,root\nSRR8,3,0,1,leaf \nSRR900,1,1,1,root\nSRR902,2,2,2,root\n"


@pytest.fixture
def file(tmp_path):
    def write(text, name="table.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_table_is_read_as_the_authors_describe_it(file):
    data = read_expression(file(TABLE))

    assert data.samples == ("SRR7", "SRR8", "SRR900", "SRR902")
    assert data.genes == ("G1", "G2", "G3")
    assert data.values.tolist() == [[0, 1.5, 2], [3, 0, 1], [1, 1, 1], [2, 2, 2]]
    assert data.values.dtype == np.float32


def test_blanks_around_a_tissue_are_no_tissue_of_their_own(file):
    """The authors' constants know 'Leaf ' only, and fail on every other name."""
    data = read_expression(file(TABLE))

    assert data.tissues == ("leaf", "root")
    assert data.tissue.tolist() == [1, 0, 1, 1]


def test_accessions_in_a_row_are_one_group_and_count_its_replicates(file):
    data = read_expression(file(TABLE))

    assert data.group.tolist() == ["SRR7", "SRR7", "SRR900", "SRR900"]
    assert data.replicate.tolist() == [1, 1, 1, 2]


def test_groups_do_not_depend_on_the_order_of_samples():
    names = ("SRR101", "x", "ERR102", "SRR500", "SRR100", "SRR140", "SRR190", "SRR241")

    assert _groups_of(names).tolist() == [
        *("SRR100", "x", "ERR102", "SRR500", "SRR100", "SRR100", "SRR100", "SRR241")
    ]


def test_a_column_of_studies_is_the_group_and_no_gene(file):
    text = "sample,G1,study,tissue\nSRR7,1,x,root\nSRR8,2,y,root\nSRR9,3,x,root\n"

    data = read_expression(file(text))
    assert data.genes == ("G1",)
    assert data.group.tolist() == ["x", "y", "x"]
    assert data.replicate.tolist() == [1, 1, 2]
    with pytest.raises(DataError, match="line 3: study is empty"):
        read_expression(file(text.replace(",y,", ",,")))


def test_a_table_that_was_written_reads_back(small, tmp_path):
    write_table(small, tmp_path / "out.csv")

    data = read_expression(tmp_path / "out.csv")
    assert data.samples == small.samples
    assert data.genes == small.genes
    assert data.values == pytest.approx(small.values, rel=1e-5)
    assert [data.tissues[k] for k in data.tissue] == [small.tissues[k] for k in small.tissue]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must be a table of text, but is empty"),
        ("sample,G1,tissue\n", "holds no row below its header"),
        ("sample,tissue\nS1,root\n", "has 2 columns.*\nIs the separator a comma"),
        ("sample;G1;tissue\nS1;2;root\n", "has 1 columns"),
        ("sample,G1,,tissue\nS1,2,3,root\n", "1 without a name"),
        ("sample,G1,G2,G1,tissue\nS1,2,3,4,root\n", "2 columns named 'G1'"),
        (TABLE.replace(",2,root\nSRR8", ",1e39,root\nSRR8"), "line 2, column 'G3': must be a finite number"),
        (TABLE.replace("SRR8", "SRR7"), "table.csv: sample SRR7 occurs 2 times"),
        (TABLE.replace(",1.5,", ",-1.5,"), "table.csv: gene G2 is -1.5 in sample SRR7"),
        (TABLE.replace(",1.5,", ",,"), "line 2, column 'G2': must be a finite number"),
        (TABLE.replace(",1.5,", ",1;5,"), "line 2, column 'G2'.*'1;5'"),
        (TABLE.replace(",leaf ", ","), "line 3: tissue is empty"),
        (TABLE.replace("SRR8,", ","), "line 3: sample is empty"),
    ],
)
def test_a_bad_table_is_refused_with_its_place(file, text, says):
    with pytest.raises(DataError, match=says):
        read_expression(file(text))


def test_a_gene_as_last_column_is_refused(file):
    text = "sample,tissue,G1,G2\nS1,root,1,2\nS2,leaf,3,4\n"

    with pytest.raises(DataError, match="line 2, column 'tissue': must be a finite number"):
        read_expression(file(text))


def test_words_among_the_genes_are_pointed_out(file):
    text = "sample,G1,tissue,batch\nS1,1,root,x\nS2,3,leaf,y\n"

    with pytest.raises(DataError, match=r"line 2, column 'tissue': must be a finite number.*'root'"):
        read_expression(file(text))


def test_numeric_labels_are_refused_also_where_only_one_is(file):
    for label in ("3", "3.0"):
        with pytest.raises(DataError, match="write names in place of numbers"):
            read_expression(file(TABLE.replace("leaf ", label)))


@pytest.mark.parametrize(
    ("row", "n"),
    [("SRR900,1,1,1,root,root", 6), ("SRR900,1,1,1,root, zone 1", 6), ("SRR900,1,1,1", 4), ("SRR900", 1)],
)
def test_a_row_with_a_cell_too_many_or_too_few_is_refused_with_its_line(file, row, n):
    with pytest.raises(DataError, match=f"line 4: must have 5 cells.* but has {n}"):
        read_expression(file(TABLE.replace("SRR900,1,1,1,root", row)))


def test_a_tissue_with_a_comma_in_quotation_marks_keeps_its_end(file):
    text = 'run,g1,g2,tissue\nS1,1,2,"leaf, zone 1"\nS2,0,3,"leaf, zone 2"\n'

    assert read_expression(file(text)).tissues == ("leaf, zone 1", "leaf, zone 2")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (TABLE.encode("utf-16"), "UTF-16"),
        (TABLE.replace("leaf ", "Wüste").encode("latin-1"), "not UTF-8"),
        (gzip.compress(TABLE.encode(), mtime=0), "a gzip file"),
        (b"PK\x03\x04" + TABLE.encode(), "an Excel workbook"),
        (b"<!DOCTYPE html><html>" + TABLE.encode(), "a web page"),
        (TABLE.encode().replace(b"leaf", b"le\0f"), "binary|zero byte"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path, content, says):
    path = tmp_path / "table.csv"
    path.write_bytes(content)

    with pytest.raises(DataError, match=f"table.csv.*({says})"):
        read_expression(path)


def test_a_missing_table_is_refused_with_its_name(tmp_path):
    with pytest.raises(DataError, match=r"absent\.csv must be a file, but is not there"):
        read_expression(tmp_path / "absent.csv")


LIST = (
    "Run\tsample\treplicate\n"
    "SRR1\tSilk\tSilk_1\n"
    "SRR2\tMature Leaf 8\tMature Leaf 8_3\n"
    "SRR3\tLeaf Zone 3 (Growth)\tLeaf Zone 3 (Growth)_2\n"
)
LIBRARY = "tracking_id\tgene_id\tFPKM\tFPKM_status\na\tB\t2\tOK\nb\tA\t1\tOK\nc\tB\t0.5\tOK\nd\tC\t7\tFAIL\n"
OTHER_ORDER = "tracking_id\tgene_id\tFPKM\tFPKM_status\na\tC\t3\tOK\nb\tA\t0\tOK\nc\tB\t4\tOK\n"


def test_libraries_meet_by_gene_name_and_rows_of_one_gene_add_up(file):
    libraries = {"SRR2": file(LIBRARY, "2"), "SRR1": file(OTHER_ORDER, "1")}

    data = read_walley(libraries, file(LIST, "list"))

    assert data.samples == ("SRR1", "SRR2")
    assert data.genes == ("A", "B", "C")
    assert data.values.tolist() == [[0, 4, 3], [1, 2.5, 7]]
    assert data.tissues == ("leaf", "silk")
    assert data.tissue.tolist() == [1, 0]
    assert data.group.tolist() == ["Silk", "Mature Leaf 8"]
    assert data.replicate.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("library", "listed", "says"),
    [
        (
            LIBRARY.replace("\tC\t", "\tD\t"),
            LIST,
            "must hold the 3 genes of the other libraries, but holds 3; C is missing there",
        ),
        (
            OTHER_ORDER.replace("b\tA\t0\tOK\n", ""),
            LIST,
            "genes of the other libraries, but holds 2; A is missing there",
        ),
        (LIBRARY.replace("gene_id", "gene"), LIST, "has no column 'gene_id'"),
        (LIBRARY.replace("\t7\t", "\tx\t"), LIST, "line 5, column 'FPKM'"),
        (LIBRARY, LIST.replace("SRR2", "SRR9"), "does not list SRR2"),
        (LIBRARY, LIST.replace("SRR3", "SRR2"), "list: sample SRR2 occurs 2 times"),
        (LIBRARY, LIST.replace("Mature Leaf 8\t", "Mature Leaf 9\t"), "list: .*Did you mean 'Mature Leaf 8'"),
        (LIBRARY, LIST.replace("Run\t", "run\t"), "has no column 'Run'"),
        (LIBRARY, LIST.replace("8_3", "8"), "replicate of SRR2 must end in _ and a number"),
    ],
)
def test_a_bad_library_or_list_is_refused(file, library, listed, says):
    libraries = {"SRR1": file(OTHER_ORDER, "1"), "SRR2": file(library, "2"), "SRR3": file(OTHER_ORDER, "3")}

    with pytest.raises(DataError, match=says):
        read_walley(libraries, file(listed, "list"))


@pytest.mark.parametrize("cut", ["SRR1", "SRR3"])
def test_the_library_that_departs_from_the_others_is_blamed_also_when_it_is_the_first(file, cut):
    """A download that was cut at the end of a line."""
    whole, half = OTHER_ORDER, OTHER_ORDER[: OTHER_ORDER.index("c\tB")]
    libraries = {run: file(half if run == cut else whole, run) for run in ("SRR1", "SRR2", "SRR3")}

    with pytest.raises(
        DataError, match=f"{cut} must hold the 3 genes of the other libraries, but holds 2; B"
    ):
        read_walley(libraries, file(LIST, "list"))


def test_no_library_is_refused(file):
    with pytest.raises(DataError, match="does not list any library"):
        read_walley({}, file(LIST, "list"))
