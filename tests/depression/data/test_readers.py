from __future__ import annotations

import gzip
import pickle
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
from reread.core.data import registry
from reread.core.errors import DataError, ParameterError
from reread.core.files import sha256
from reread.depression.data import load, rank_values, readers, splits, vocabulary
from reread.depression.data.counts import check_raw
from scipy.io import mmwrite
from scipy.sparse import csr_matrix

anndata, loompy = pytest.importorskip("anndata"), pytest.importorskip("loompy")

KEYS = readers.Keys(donor="individual", condition="disease", cell_type="type", control="healthy")


@pytest.fixture
def table(small):
    disease = np.where(small.cells["condition"] == 1, "MDD", "healthy")
    return pd.DataFrame(
        {"individual": small.cells["donor"], "disease": disease, "type": small.cells["cell_type"]}
    )


@pytest.fixture
def loom(small, table, tmp_path):
    """A loom file as loompy writes it, with a filter and one empty cell."""

    def write(name="cells.loom", matrix=None, genes=None, **columns):
        path = tmp_path / name
        kept = np.ones(len(small), dtype=int)
        kept[:5] = 0
        cells = {name: np.asarray(one) for name, one in table.items()} | {"filter_pass": kept} | columns
        values = small.matrix.toarray() if matrix is None else matrix
        values = values.copy()
        values[7] = 0
        rows = {"ensembl_id": np.asarray(small.genes if genes is None else genes)}
        loompy.create(
            str(path), values.T, rows, {k: np.asarray(v) for k, v in cells.items() if v is not None}
        )
        return path

    return write


@pytest.fixture
def h5ad(small, table, tmp_path):
    def write(name="cells.h5ad", **change):
        path = tmp_path / name
        table.index = [f"c{i}" for i in range(len(table))]
        adata = anndata.AnnData(
            csr_matrix(small.matrix, dtype=np.float32), table, pd.DataFrame(index=small.genes)
        )
        for key, value in change.items():
            setattr(adata, key, value(adata))
        adata.write_h5ad(path)
        return path

    return write


def test_a_loom_file_is_read_filtered_and_not_changed(small, loom):
    path = loom()
    before = sha256(path)
    counts = readers.read(path, KEYS)

    rows = np.setdiff1d(np.arange(5, len(small)), [7])
    assert sha256(path) == before
    assert counts.conditions == ("healthy", "MDD")
    assert counts.genes.tolist() == small.genes.tolist()
    assert (counts.matrix != small.matrix[rows]).nnz == 0
    assert counts.cells["donor"].tolist() == small.cells["donor"].iloc[rows].tolist()
    assert counts.cells["condition"].tolist() == small.cells["condition"].iloc[rows].tolist()
    assert counts.cells["n_counts"].tolist() == small.cells["n_counts"].iloc[rows].tolist()


def test_text_of_a_loom_file_is_utf8(loom, table):
    path = loom()
    with h5py.File(path, "r+") as file:
        del file["col_attrs/type"]
        file["col_attrs"].create_dataset("type", data=["β-cell".encode()] * len(table))

    assert set(readers.read(path, KEYS).cells["cell_type"]) == {"β-cell"}


def test_an_h5ad_file_an_object_and_a_layer_give_the_same_counts(small, h5ad):
    path = h5ad()
    layered = h5ad("layer.h5ad", layers=lambda one: {"raw": one.X.copy()}, X=lambda one: one.X.log1p())
    found = [
        readers.read(path, KEYS),
        readers.from_anndata(anndata.read_h5ad(path), KEYS),
        readers.read(layered, readers.Keys("individual", "disease", control="healthy", layer="raw")),
    ]

    for counts in found:
        assert (counts.matrix != small.matrix).nnz == 0
        assert counts.cells["condition"].tolist() == small.cells["condition"].tolist()


def test_a_file_is_encoded_in_blocks_as_at_once(loom, tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "BLOCK", 64)
    path = loom()
    counts = readers.read(path, KEYS)
    words = vocabulary.from_counts(counts)
    stored = load.encode_file(path, tmp_path / "encoded", KEYS, words, 32)

    whole = rank_values.encode(counts, words, 32)
    np.testing.assert_array_equal(stored.tokens, whole.tokens)
    np.testing.assert_array_equal(stored.starts, whole.starts)
    assert stored.cells["donor"].tolist() == counts.cells["donor"].tolist()


def test_symbols_are_mapped_and_counts_of_one_gene_are_summed(small, loom):
    symbols = {"A": "ENSG00000000001", "B": "ENSG00000000001", "C": "ENSG00000000002"}
    names = ["A", "B", "C", *[f"unknown{i}" for i in range(len(small.genes) - 3)]]
    keys = readers.Keys("individual", "disease", control="healthy", are_symbols=True)
    counts = readers.read(loom(genes=names), keys, symbols)

    rows = np.setdiff1d(np.arange(5, len(small)), [7])
    values = small.matrix[rows].toarray()
    expected = np.column_stack([values[:, 0] + values[:, 1], values[:, 2]])
    has_count = expected.any(axis=1)
    np.testing.assert_array_equal(counts.matrix.toarray(), expected[has_count])
    assert counts.cells["n_counts"].tolist() == values.sum(axis=1)[has_count].tolist()


@pytest.mark.parametrize(
    ("change", "keys", "said"),
    [
        ({}, {"donor": "patient"}, "no column 'patient' for the donor.*-p donor_key"),
        ({}, {"control": "sane"}, "one of them 'sane'"),
        ({}, {"condition": "type"}, "must have two values"),
        ({}, {"layer": "raw"}, "no layer 'raw'"),
        ({}, {"genes": "symbol"}, "no row attribute 'symbol'"),
        ({"genes": [f"G{i}" for i in range(60)]}, {}, "Ensembl ids.*but has G0"),
        ({"matrix": np.full((240, 60), 0.37)}, {}, "holds 0.37, but a count is a whole number.*logged"),
        ({"matrix": np.full((240, 60), -1.0)}, {}, "holds -1, but a count is.*-p layer=NAME"),
        ({"individual": np.array(["", *["a"] * 239])}, {}, "1 cells have no donor .individual.*Fill it in"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(loom, change, keys, said):
    path = loom(**change)

    with pytest.raises(DataError, match=f"(?s){said}"):
        readers.read(path, readers.Keys(**{"donor": "individual", "condition": "disease"} | keys))


def test_a_damaged_file_and_another_format_are_refused(tmp_path):
    broken = tmp_path / "cells.loom"
    broken.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(DataError, match="cannot be read as a loom file"):
        readers.read(broken, KEYS)
    with h5py.File(tmp_path / "h5ad.loom", "w") as file:
        file.create_group("X")
    with pytest.raises(DataError, match=r"h5ad\.loom is no loom file, but other HDF5; there is X"):
        readers.read(tmp_path / "h5ad.loom", KEYS)
    (tmp_path / "cells.mtx").touch()
    with pytest.raises(DataError, match=r"\.loom or a \.h5ad"):
        readers.read(tmp_path / "cells.mtx", KEYS)


def test_genes_that_geneformer_does_not_know_are_refused(small, monkeypatch):
    monkeypatch.setattr(registry, "fetch", str)
    monkeypatch.setattr(vocabulary, "read", lambda *files: SimpleNamespace(medians={"ENSG00000000003": 1.0}))

    with pytest.raises(DataError, match=r"(?s)None of the .* genes, such as .* known to Geneformer.*human"):
        load.words("own", small)


def test_a_value_that_is_missing_is_no_count():
    with pytest.raises(
        DataError, match=r"x holds nan, but a count is a whole number from 0 \(1 such values\)"
    ):
        check_raw(np.array([0.0, np.nan, 3.0]), "x")


def test_an_own_file_goes_through_the_loader(loom):
    path = loom()
    cohort = load.load("own", path=str(path), keys=KEYS)

    assert cohort.report == {"own.sha256_path": sha256(path)}
    assert cohort.truth is None and not splits.are_paired(cohort.counts.cells)
    with pytest.raises(ParameterError, match="path=FILE"):
        load.load("own")
    with pytest.raises(ParameterError, match="melanoma"):
        load.load("melanom")


# GSE144136


@pytest.fixture
def gse144136(tmp_path, monkeypatch):
    """The three files in the published format, with an unknown symbol, a double one and an empty nucleus."""
    genes = ["TP53", "P53", "MYC", "nonsense"]
    cells = [
        "Ex_10_L2_4.3_Control_B3_AAACCTGAGGTAGCCA", "Oligos_1.17_Suicide_B2_AAACCTGAGGTAGCCC",
        "Micro/Macro.3_Control_B3_AAACCTGAGGTAGCCG", "Inhib_2_VIP.17_Suicide_B2_AAACCTGAGGTAGCCT",
    ]  # fmt: skip
    values = np.array([[1, 0, 0, 2], [2, 0, 0, 1], [0, 3, 0, 4], [5, 6, 0, 7]])
    paths = {name: tmp_path / f"{name}.gz" for name in ("counts.mtx", "genes.csv", "cells.csv")}
    with gzip.open(paths["counts.mtx"], "wb") as file:
        mmwrite(file, csr_matrix(values))
    for name, words in (("genes.csv", genes), ("cells.csv", cells)):
        pd.Series(words, name="x").to_csv(paths[name], compression="gzip")
    names = {"TP53": "ENSG00000141510", "P53": "ENSG00000141510", "MYC": "ENSG00000136997"}
    (tmp_path / "names.pkl").write_bytes(pickle.dumps(names))
    files = dict(zip(("counts", "genes", "cells"), paths.values(), strict=True))
    monkeypatch.setattr(
        registry, "fetch",
        lambda key: tmp_path / "names.pkl" if "names" in key else files[key.rpartition("-")[2]],
    )  # fmt: skip
    return tmp_path


def test_gse144136_is_read_from_its_three_files(gse144136):
    cohort = load.load("gse144136")
    cells = cohort.counts.cells

    assert cohort.report == {"unmapped_symbols": 1, "merged_symbols": 1, "empty_cells": 1}
    assert cohort.counts.genes.tolist() == ["ENSG00000141510", "ENSG00000136997"]
    assert cohort.counts.matrix.toarray().tolist() == [[3, 0], [0, 3], [3, 4]]
    assert cells["n_counts"].tolist() == [8, 9, 14]
    assert cells["donor"].tolist() == ["3", "17", "17"]
    assert cells["condition"].tolist() == [0, 1, 1]
    assert cells["cell_type"].tolist() == ["Ex", "Oligos", "Inhib"]
    assert cells["batch"].tolist() == ["B3", "B2", "B2"]


def test_other_cell_names_are_refused(gse144136):
    pd.Series(["a", "b", "c", "d"], name="x").to_csv(gse144136 / "cells.csv.gz", compression="gzip")

    with pytest.raises(DataError, match="4 cells have names of another form, such as 'a'"):
        load.load("gse144136")


# published files


def test_melanoma_patients_have_one_response_each(published):
    counts = load.load("melanoma").counts

    assert counts.matrix.shape[0] == 550 and counts.cells["donor"].nunique() == 19
    assert counts.cells.groupby("donor")["condition"].nunique().max() == 1
    assert counts.cells.drop_duplicates("donor")["condition"].sum() == 9
    assert counts.conditions == ("Non-responder", "Responder")


def test_glioblastoma_patients_are_paired(published):
    cohort = load.load("glioblastoma")

    assert splits.are_paired(cohort.counts.cells) and cohort.counts.matrix.shape == (5000, 300)
    assert cohort.counts.cells.groupby(["donor", "condition"]).size().tolist() == [500] * 10
