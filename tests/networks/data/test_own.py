"""Files of a reader: h5ad, CSV and TSV read alike; a malformed one is refused with its name and a cure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.core.files import sha256
from reread.networks.data import load as data

# names that a spreadsheet or a reader of tables would change
GENES = ("1-Mar", "NA", "TRUE", "007", "SPI1", "GATA1", "KLF1")
CELLS = ("AAAC-1", "0012", "NA", "cell 4")
VALUES = np.array(
    [[0.5, 1, 0, 2.25, 3, 0, 1], [0, 0, 1, 1, 2, 2, 0], [1, 0, 0, 0, 4, 1, 2], [0, 3, 2, 1, 0, 1, 1]]
)
PAIRS = "tf,target,label\nNA,007,1\nNA,TRUE,0\n1-Mar,007,1\n1-Mar,NA,0\n"
NETWORK = "source,target,weight\nNA,007,0.5\nNA,TRUE,0\n1-Mar,007,2\n1-Mar,NA,-1\nNA,007,0.5\nNA,XIST,1\n"


@pytest.fixture
def own(tmp_path):
    """Write both files, some of them replaced, and load them."""

    def write(name, content):
        path = tmp_path / name
        if hasattr(content, "write_h5ad"):
            content.write_h5ad(path)
        else:
            path.write_text(content, encoding="utf-8")
        return str(path)

    def load(
        expression=None,
        pairs=PAIRS,
        *,
        name="cells.csv",
        pairs_name="pairs.csv",
        genes_in="columns",
        **settings,
    ):
        expression = table() if expression is None else expression
        files = {"expression": write(name, expression), "pairs": write(pairs_name, pairs)}
        return data.load("own", **files, genes_in=genes_in, **settings)

    load.folder = tmp_path
    return load


def frame():
    return pd.DataFrame(VALUES, index=CELLS, columns=GENES)


def table(frame=None, sep=","):
    return (globals()["frame"]() if frame is None else frame).to_csv(sep=sep)


def annotated(values=VALUES, genes=GENES):
    import anndata

    return anndata.AnnData(np.asarray(values), pd.DataFrame(index=CELLS), pd.DataFrame(index=list(genes)))


def test_all_formats_give_the_same_data_set_and_gene_names_stay_text(own):
    read = [
        own(),
        own(table(frame().T), genes_in="rows"),
        own(table(sep="\t"), PAIRS.replace(",", "\t"), name="cells.tsv", pairs_name="pairs.tsv"),
        own(annotated(), name="cells.h5ad", genes_in=""),
    ]

    for dataset in read:
        assert dataset.expression.genes == GENES
        assert dataset.expression.values.tolist() == VALUES.tolist()
        assert dataset.pairs.tf_names.tolist() == ["NA", "NA", "1-Mar", "1-Mar"]
        assert dataset.pairs.gene_names.tolist() == ["007", "TRUE", "007", "NA"]
        assert dataset.pairs.label.tolist() == [1, 0, 1, 0]
        assert dataset.truth.sum() == 2


def test_a_sparse_matrix_reads_as_a_dense_one(own):
    from scipy.sparse import csr_matrix

    sparse = annotated()
    sparse.X = csr_matrix(VALUES)

    assert own(sparse, name="cells.h5ad").expression.values.tolist() == VALUES.tolist()


def test_a_network_has_the_edges_with_a_weight_and_gets_sampled_negatives(own):
    dataset = own(pairs=NETWORK, negatives="matched")

    names = np.array(GENES)
    edges = {(names[dataset.tfs[tf]], names[gene]) for tf, gene in np.argwhere(dataset.truth)}
    assert edges == {("NA", "007"), ("1-Mar", "007"), ("1-Mar", "NA")}
    positive = dataset.pairs.take(dataset.pairs.label == 1)
    assert set(zip(positive.tf_names, positive.gene_names, strict=True)) == edges
    assert dataset.truth[np.searchsorted(dataset.tfs, dataset.pairs.tf), dataset.pairs.gene].sum() == 3


def test_the_record_keeps_the_digests_and_the_rows_left_out(own):
    report = own(pairs=NETWORK).report

    assert report == {
        "sha256_expression": sha256(own.folder / "cells.csv"),
        "sha256_pairs": sha256(own.folder / "pairs.csv"),
        "rows_without_expression": 1,
    }
    assert data.load("simulated", n_cells=50).report == {}


def test_both_files_must_be_named():
    with pytest.raises(ParameterError, match=r"source=own needs expression.*\n.*-p expression=PATH"):
        data.load("own")
    with pytest.raises(ParameterError, match="source=own needs pairs"):
        data.load("own", expression="cells.csv")


def changed(cell, value):
    return {"expression": table().replace(cell, value, 1)}


def turned(old, new):
    return {"expression": table(frame().T).replace(old, new), "genes_in": "rows"}


def h5ad(**parts):
    return {"expression": annotated(**parts), "name": "cells.h5ad"}


def paired(old, new, text=PAIRS):
    return {"pairs": text.replace(old, new)}


NO_CELLS = {"expression": frame().to_csv(index=False)}
OTHER_GENES = {"pairs": "tf,target,label\nA,B,1\nA,C,0\n"}
WITH_HOLE = np.where(VALUES > 3, np.nan, VALUES)
BAD = {
    "another format": ({"name": "cells.xlsx"}, "cells.xlsx must be a .h5ad, .csv or .tsv file.*'.xlsx'"),
    "genes nowhere": ({"genes_in": ""}, "cells.csv is a table.*genes_in must say.*-p genes_in=columns"),
    "genes elsewhere": ({"genes_in": "row"}, "came as 'row'.*-p genes_in=rows"),
    "turned": ({"genes_in": "rows"}, "pairs.csv names genes that cells.csv names as its cells.*genes_in"),
    "a word for a value": (changed("0.5", "low"), "cells.csv, line 2, column '1-Mar'.*'low'"),
    "a missing value": (changed("0.5", ""), "cells.csv, line 2, column '1-Mar'.*a finite number"),
    "a scaled value": (changed("0.5", "-0.5"), "gene 1-Mar is -0.5 in cell 1.*Undo the centring"),
    "counts": (changed("0.5", "431"), "cells.csv holds values up to 431.*save log"),
    "a gene twice": (turned("SPI1", "KLF1"), "gene KLF1 is listed 2 times"),
    "a gene without a name": (turned("SPI1", ""), "gene 5 has no name"),
    "no names of cells": (NO_CELLS, "must name at least two cells, each once, but '0.0'.*first column"),
    "commas for tabs": ({"name": "cells.tsv"}, "cells.tsv has one column.*tabs"),
    "no h5ad": ({"name": "cells.h5ad"}, "cells.h5ad cannot be read as an h5ad file"),
    "a hole in h5ad": (h5ad(values=WITH_HOLE), "cells.h5ad: gene .* is nan in sample .*Fill the value in"),
    "a gene twice in h5ad": (h5ad(genes=(*GENES[:-1], "SPI1")), "gene SPI1 is listed 2 times"),
    "other columns": (paired("target", "to"), "must have the columns tf, target and label.*but has: tf, to"),
    "a wrong label": (paired("TRUE,0", "TRUE,no"), "pairs.csv, row 3: the label is 'no'"),
    "labels of one kind": (paired(",0\n", ",1\n"), "pairs.csv: all 4 labels are 1"),
    "an empty name": (paired("NA,TRUE", "NA,"), "pairs.csv, row 3: target is empty"),
    "another case": (paired("TRUE", "True"), "row 3: gene True.*stands there as TRUE"),
    "other genes": (OTHER_GENES, "pairs.csv, row 2: gene A is not in cells.csv"),
    "commas for tabs in pairs": (
        paired(",", "\t"),
        "must have the columns.*separate those of a .csv by commas",
    ),
    "a list of TFs alone": (
        {"pairs": "tf\nNA\n"},
        "but has: tf.*A list of TFs alone: see the page on own data",
    ),
    "a pair with both labels": (
        {"pairs": PAIRS + PAIRS.splitlines()[1][:-1] + "0\n"},
        "row 6: .* - .* is listed with both labels .1 such pairs",
    ),
    "a lone TF": ({"pairs": f"{PAIRS}GATA1,KLF1,1\n"}, "pairs.csv, row 6: TF GATA1 has one pair only"),
    "a weight in words": (paired("0.5", "high", NETWORK), "pairs.csv, line 2, column 'weight'"),
    "no edge": ({"pairs": "source,target,weight\nNA,007,0\n"}, "pairs.csv holds no edge"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_malformed_file_is_refused_with_its_name_and_the_next_step(own, fault):
    files, says = BAD[fault]

    with pytest.raises((DataError, ParameterError), match=f"(?s){says}") as caught:
        own(**files)

    assert len(str(caught.value)) < 700


def test_a_missing_file_is_named(tmp_path):
    for name in ("cells.csv", "cells.h5ad"):
        with pytest.raises(DataError, match=rf"{name} must be a file, but is not there"):
            data.load("own", expression=str(tmp_path / name), pairs="pairs.csv", genes_in="rows")
