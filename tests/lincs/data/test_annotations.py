from __future__ import annotations

import pandas as pd
import pytest
from reread.core.errors import DataError
from reread.lincs.data import annotations
from reread.lincs.data.tables import meta_frame


@pytest.fixture
def write(tmp_path):
    def write(text: str):
        (tmp_path / "a.csv").write_text(text)
        return tmp_path / "a.csv"

    return write


def test_a_table_of_classes_is_read_whatever_else_it_holds(write):
    found = annotations.read_classes(write("name,pert_id,pcl\nx, BRD-1 ,CP_A\ny,BRD-2,CP_B\nx,BRD-1,CP_A\n"))

    assert found == {"BRD-1": "CP_A", "BRD-2": "CP_B"}


def test_a_table_of_targets_keeps_genes_that_were_knocked_down(write):
    path = write("pert_name,gene\na,MYC\nb,JUN\na,FOS\na,MYC\n")

    assert annotations.read_targets(path) == {"a": ("FOS", "MYC"), "b": ("JUN",)}
    assert annotations.read_targets(path, ["MYC", "TP53"]) == {"a": ("MYC",)}
    with pytest.raises(DataError, match=r"None of the 3 targets in .*such as 'MYC', was knocked down"):
        annotations.read_targets(path, ["TP53"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pert_id,pc\na,b\n", "has no column 'pcl'.*pc"),
        ("pert_id,pcl\n", "holds no row"),
        ("pert_id,pcl\na,CP_A\nb,\n", "line 3: has an empty cell"),
        ("pert_id,pcl\na,CP_A\na,CP_B\n", "puts 1 drugs into more than one class, such as 'a'"),
        ("", "is empty"),
        ("pert_id,pcl\na,b,c,d\ne\nf,g,h,i,j,k\n", "line 2: must have 2 cells"),
        (
            "pert_id,pcl\na,CP_MEK_INHIBITR\n",
            "1 classes that are not known here.*Did you mean 'CP_MEK_INHIBITOR'",
        ),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(write, text, says):
    with pytest.raises(DataError, match=f"(?s){says}"):
        annotations.read_classes(write(text), ["CP_MEK_INHIBITOR", "CP_A", "CP_B"])


def test_a_table_that_is_not_there_says_what_it_should_be(tmp_path):
    with pytest.raises(DataError, match=r"no table .*b\.csv\. It is a CSV with the columns pert_id, pcl"):
        annotations.read_classes(tmp_path / "b.csv")


def test_classes_are_filled_by_id_and_unknown_drugs_have_none():
    meta = annotations.with_classes(meta_frame(3, kind="drug", pert_id=["a", "b", "a"]), {"a": "CP_A"})

    assert meta["pcl"].tolist() == ["CP_A", "", "CP_A"]


def test_every_class_of_our_own_table_is_one_of_the_published(mirror):
    known = pd.read_csv(mirror / "lincs/published_pcl_nearest.csv")["pcl"]

    annotations.check_classes(annotations.DRUG_CLASSES.values(), known)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("CP_MEK_INHIBITOR", "MEK inhibitor"),
        ("CP_GLUCOCORTICOID_RECEPTOR_AGONIST", "glucocorticoid receptor agonist"),
        ("CP_T_TYPE_CALCIUM_CHANNEL_BLOCKER", "T type calcium channel blocker"),
        ("A1", "A1"),
        ("SLC22A18", "SLC22A18"),
        ("AZD-6482", "AZD-6482"),
    ],
)
def test_a_class_is_said_as_people_say_it(name, said):
    assert annotations.short(name) == said
