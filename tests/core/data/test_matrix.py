"""A matrix of the reader: every format reads alike, and from_anndata takes what it is told to take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reread.core.data import matrix
from reread.core.errors import DataError, MissingExtra, ParameterError

anndata, loompy = pytest.importorskip("anndata"), pytest.importorskip("loompy")

# names that a spreadsheet or a reader of tables would change
GENES, SAMPLES = ("1-Mar", "NA", "TRUE", "007"), ("0012", "NA", "s 3")
VALUES = np.array([[0.5, 1, 0, 2.25], [0, 0, 40, 1], [3, 0, 0, 0]])
TISSUES = ["leaf", "TRUE", "NA"]


def adata(**parts):
    obs = pd.DataFrame({"tissue": pd.Categorical(TISSUES)}, index=list(SAMPLES))
    var = pd.DataFrame({"symbol": ["A", "B", "C", "D"]}, index=list(GENES))
    made = anndata.AnnData(VALUES.copy(), obs, var)
    made.raw = anndata.AnnData(VALUES * 2, obs, var)
    made.layers["counts"] = VALUES * 4
    for name, value in parts.items():
        setattr(made, name, value)
    return made


def table():
    return pd.DataFrame(VALUES, index=list(SAMPLES), columns=list(GENES))


def written(folder: Path, suffix: str) -> Path:
    path = folder / f"cells{suffix}"
    if suffix == ".h5ad":
        adata().write_h5ad(path)
    elif suffix == ".loom":
        rows, columns = {"Gene": np.array(GENES)}, {"CellID": np.array(SAMPLES), "tissue": np.array(TISSUES)}
        loompy.create(str(path), {"": VALUES.T, "counts": VALUES.T * 4}, rows, columns)
    else:
        table().to_csv(path, sep="," if ".csv" in suffix else "\t")
    return path


@pytest.mark.parametrize("suffix", [".h5ad", ".loom", ".csv", ".tsv", ".csv.gz"])
def test_all_formats_read_alike_and_names_stay_text(tmp_path, suffix):
    found = matrix.read(written(tmp_path, suffix), genes_in="columns")

    assert (found.genes, found.samples) == (GENES, SAMPLES)
    assert found.values.tolist() == VALUES.tolist()
    assert found.values.dtype == np.float32
    if suffix in (".h5ad", ".loom"):
        assert found.column("tissue", "label_key", "the tissue").tolist() == TISSUES
        assert matrix.read(tmp_path / f"cells{suffix}", layer="counts").values.max() == 160


def test_genes_in_rows_turn_the_table(tmp_path):
    table().T.to_csv(tmp_path / "cells.csv")

    assert matrix.read(tmp_path / "cells.csv", genes_in="rows").values.tolist() == VALUES.tolist()


def test_parquet_takes_names_from_the_index_or_the_first_column(tmp_path, monkeypatch):
    path = tmp_path / "cells.parquet"
    path.write_bytes(b"PAR1")
    for frame in (table(), table().rename_axis("sample").reset_index()):
        monkeypatch.setattr(pd, "read_parquet", lambda _, frame=frame: frame)
        found = matrix.read(path, genes_in="columns")
        assert (found.genes, found.samples, found.values.tolist()) == (GENES, SAMPLES, VALUES.tolist())

    def missing(_):
        raise ImportError("Unable to find a usable engine")

    monkeypatch.setattr(pd, "read_parquet", missing)
    with pytest.raises(MissingExtra, match=r"needs pyarrow.*\n.*pip install pyarrow"):
        matrix.read(path, genes_in="columns")


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix"])
def test_a_sparse_matrix_reads_as_a_dense_one_in_memory_and_on_disk(tmp_path, kind):
    import scipy.sparse

    sparse = adata(X=getattr(scipy.sparse, kind)(VALUES))
    sparse.write_h5ad(tmp_path / "cells.h5ad")

    assert matrix.from_anndata(sparse).values.tolist() == VALUES.tolist()
    assert matrix.read(tmp_path / "cells.h5ad").values.tolist() == VALUES.tolist()


def test_layer_raw_and_gene_symbols_choose_what_is_taken():
    held = adata()

    assert matrix.from_anndata(held, layer="counts").values[1, 2] == 160
    assert matrix.from_anndata(held, use_raw=True).values[1, 2] == 80
    assert matrix.from_anndata(held, gene_symbols="symbol").genes == ("A", "B", "C", "D")
    assert held.X.tolist() == VALUES.tolist()


@pytest.mark.parametrize(
    ("options", "parts", "says"),
    [
        ({"layer": "count"}, {}, "the AnnData has no layer 'count'. Did you mean 'counts'"),
        ({"gene_symbols": "symbols"}, {}, "no column 'symbols' of genes. Did you mean 'symbol'"),
        ({"use_raw": True}, {"raw": None}, "has no raw.\nLeave use_raw out"),
        ({"layer": "counts", "use_raw": True}, {}, "name a layer or use_raw, not both"),
        ({}, {"X": np.where(VALUES > 30, np.inf, VALUES)}, "gene TRUE is inf in sample NA.*1 such values"),
        ({}, {"obs_names": ["a", "a", "b"]}, "sample a is listed 2 times"),
        ({}, {"var_names": ["a", "b", "b", ""]}, "gene 4 has no name"),
    ],
)
def test_what_an_anndata_lacks_is_named(options, parts, says):
    with pytest.raises((DataError, ParameterError), match=f"(?s){says}"):
        matrix.from_anndata(adata(**parts), **options)


def test_a_matrix_that_does_not_fit_into_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(matrix, "MOST", 11)
    for suffix in (".h5ad", ".loom", ".csv"):
        with pytest.raises(DataError, match="values, but at most 11 are held in memory"):
            matrix.read(written(tmp_path, suffix), genes_in="columns")


def test_rows_of_other_samples_are_left_out_and_a_sample_without_a_row_is_named(tmp_path):
    found = matrix.from_anndata(adata())
    (tmp_path / "labels.csv").write_text("name,batch\nother,x\ns 3,1-Mar\nNA,TRUE\n0012,007\n")

    assert found.with_fields(tmp_path / "labels.csv").fields["batch"].tolist() == ["007", "TRUE", "1-Mar"]

    (tmp_path / "labels.csv").write_text("name,batch\n12,a\nNA,b\ns 3,c\n")
    with pytest.raises(DataError, match=r"lacks 1 of the 3 samples of .*, such as 0012; its first is 12"):
        found.with_fields(tmp_path / "labels.csv")


def test_a_matrix_is_expression_of_the_study_of_networks():
    from reread.networks.data.tables import Expression

    found = matrix.from_anndata(adata())

    assert Expression(found.values, found.genes).genes == GENES
