from __future__ import annotations

import pytest
from reread.core.errors import DataError
from reread.maize.data.gene_knowledge import read_go_names, read_go_terms, read_transcription_factors


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "table.txt"
        path.write_bytes(text.encode())
        return path

    return write


def test_terms_hold_their_genes(file):
    found = read_go_terms(file("GeneID\tGO_Terms\nG1\tGO:2,GO:1\nG2\tGO:2, GO:3\nG3\tGO:2,\n"))

    assert found == {"GO:1": {"G1"}, "GO:2": {"G1", "G2", "G3"}, "GO:3": {"G2"}}


def test_names_of_terms_may_hold_commas(file):
    assert read_go_names(file('GO,Term\nGO:9,"alpha-1,6-x"\nGO:1,y\n')) == {
        "GO:9": "alpha-1,6-x",
        "GO:1": "y",
    }


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_transcription_factors_are_read_whatever_ends_a_line(file, end):
    text = end.join(["GeneID,TF_Family,TFID", "G1,bZIP,b1", "G2,MYB,m1", "G1,bZIP,b2", ""])

    assert read_transcription_factors(file(text)) == {"G1", "G2"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty|begins with nothing"),
        ("Gene\tTerms\nG1\tGO:1\n", "begins with Gene, Terms"),
        ("GeneID\tGO_Terms\n", "holds no row below its header"),
        ("GeneID\tGO_Terms\nG1\tGO:1\nG2\n", "line 3: must hold 2 cells"),
        ("GeneID\tGO_Terms\n\tGO:1\n", "line 2: must hold 2 cells"),
    ],
)
def test_another_table_is_refused(file, text, says):
    with pytest.raises(DataError, match=says):
        read_go_terms(file(text))


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (read_go_names, "GO,Term\nGO:9,alpha-1,6-x\n"),
        (read_transcription_factors, "GeneID,TF_Family,TFID\nG1,bZIP\n"),
        (read_transcription_factors, "GeneID,TF_Family,TFID\nG1,bZIP,b1,b2\n"),
    ],
)
def test_a_row_with_a_cell_too_many_or_too_few_is_refused(file, reader, text):
    with pytest.raises(DataError, match="line 2: must hold"):
        reader(file(text))


@pytest.mark.parametrize(
    "content", [b"\x1f\x8b\x08\x00\xff", "GO,Term\nGO:1,\xe9".encode("latin-1"), b"\xff\xfeG\x00"]
)
def test_bytes_that_are_no_text_are_refused_with_the_name_of_the_file(tmp_path, content):
    (tmp_path / "names.csv").write_bytes(content)

    with pytest.raises(DataError, match=r"names\.csv"):
        read_go_names(tmp_path / "names.csv")


def test_the_recorded_annotations_have_the_recorded_sizes(mirror):
    folder = mirror / "maize"

    terms = read_go_terms(folder / "V4_B73_maize_GAMER_GOs_Syntenic_Only.txt")
    names = read_go_names(folder / "GO_Annotations.csv")
    factors = read_transcription_factors(folder / "GRASSIUS_TFs.csv")

    assert len(frozenset().union(*terms.values())) == 24_928
    assert len(names) == 44_917
    assert len(factors) == 2_472
    assert "Zm00001d018971" in factors  # opaque2
