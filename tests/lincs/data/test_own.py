"""Signatures of a reader: the same from GCT, GCTX and h5ad, and a malformed file named with a cure."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path

import numpy as np
import pandas as pd
import pytest
from reread.core.data.matrix import from_anndata
from reread.core.errors import DataError, ParameterError
from reread.core.files import sha256
from reread.lincs.data import load, own

anndata = pytest.importorskip("anndata")
write_gctx = run_path(str(Path(__file__).parents[3] / "benchmarks/oracles/gctx_writer.py"))["write"]

GENES, IDS = ("1-Mar", "NA", "TRUE", "007"), tuple(f"S{i}" for i in range(8))
VALUES = np.random.default_rng(0).normal(0, 3, (8, 4)).round(2)
FIELDS = {
    "drug": ["0012", "NA", "TRUE", "d4", "0012", "NA", "DMSO", "d4"],
    "line": list("abababab"),
    "dose": ["10 uM", "100 nM", "3", "-666", "10 µM", "1", "-666", "2"],
    "time": ["24 h", "6", "1 d", "24 h", "24 h", "6", "6", "6"],
    "type": ["trt_cp"] * 6 + ["ctl_vehicle", "trt_sh"],
}
KEYS = {"pert_key": "drug", "cell_key": "line", "dose_key": "dose", "time_key": "time", "type_key": "type"}
CLASSES = "pert_id,pcl\n0012,A\nNA,A\nTRUE,B\nd4,B\nother,B\n"


def annotated(values=VALUES, genes=GENES, **changes):
    obs = pd.DataFrame({**FIELDS, **changes}, index=list(IDS))
    return anndata.AnnData(np.asarray(values, float), obs, pd.DataFrame(index=list(genes)))


def gct(values=VALUES, ids=IDS, fields=FIELDS):
    rows = [["#1.3"], ["4", "8", "0", str(len(fields))], ["id", *ids]]
    rows += [[name, *words] for name, words in fields.items()]
    rows += [[gene, *map(str, column)] for gene, column in zip(GENES, np.transpose(values), strict=True)]
    return "\n".join("\t".join(row) for row in rows) + "\n"


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Write a file of signatures and one of classes, and load them as the chapters do."""
    monkeypatch.setattr(own, "LEAST", (8, 4))

    def load_own(content=None, classes=CLASSES, *, name="z.gct", **changes):
        path, content = tmp_path / name, gct() if content is None else content
        if isinstance(content, anndata.AnnData):
            content.write_h5ad(path)
        elif content == "gctx":
            write_gctx(path, VALUES, GENES, IDS, columns=pd.DataFrame(FIELDS))
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        (tmp_path / "classes.csv").write_text(classes)
        given = {**KEYS, "path": str(path), "classes": str(tmp_path / "classes.csv") if classes else ""}
        return load.load("own", **given | changes)

    load_own.folder = tmp_path
    return load_own


def test_every_format_gives_the_same_signatures_and_names_stay_text(read):
    symbols = {"symbols": GENES, "classes": {"0012": "A", "NA": "A", "TRUE": "B", "d4": "B"}}
    ways = [read(), read("gctx", name="z.gctx"), read(annotated(), name="z.h5ad")]
    ways.append(own.from_matrix(from_anndata(annotated()), **KEYS, **symbols))

    for found in ways:
        assert (found.genes, found.symbols) == (GENES, GENES)
        np.testing.assert_allclose(found.values, VALUES, rtol=1e-6)
        assert found.meta["pert_name"].tolist() == FIELDS["drug"]
        assert found.meta["kind"].tolist() == ["drug"] * 6 + ["control", "knockdown"]
        assert found.meta["dose_um"].tolist()[:3] == [10, 0.1, 3]
        assert np.isnan(found.meta["dose_um"][3])
        assert found.meta["time_h"].tolist()[:3] == [24, 6, 24]
        assert found.meta["pcl"].tolist() == ["A", "A", "B", "B", "A", "A", "", "B"]
        assert found.meta["gene"].tolist() == [""] * 7 + ["d4"]


def test_the_report_keeps_the_digests_also_of_a_part(read):
    found = load.load("own", kind="drug", path=read().report and str(read.folder / "z.gct"), **KEYS)

    assert found.report == {"sha256_path": sha256(read.folder / "z.gct")}
    assert read().report.keys() == {"sha256_path", "sha256_classes"}
    assert len(found) == 6


def test_without_dose_time_type_and_classes_all_are_drugs_of_unknown_class(read):
    found = read(dose_key="", time_key="", type_key="", classes="")

    assert set(found.meta["kind"]) == {"drug"}
    assert found.meta[["dose_um", "time_h"]].isna().all(axis=None)
    assert set(found.meta["pcl"]) == {""}


def test_a_sparse_matrix_reads_as_a_dense_one(read):
    from scipy.sparse import csr_matrix

    sparse = annotated()
    sparse.X = csr_matrix(VALUES)

    np.testing.assert_allclose(read(sparse, name="z.h5ad").values, VALUES, rtol=1e-6)


def test_values_are_clipped_and_a_strange_dose_is_counted_as_unknown(read):
    values = VALUES.copy()
    values[0, 0] = 40
    with pytest.warns(UserWarning, match="1 entries of dose, such as 'much', are not recognised"):
        found = read(gct(values, fields={**FIELDS, "dose": ["much", *FIELDS["dose"][1:]]}))

    assert found.values[0, 0] == 10
    assert np.isnan(found.meta["dose_um"][0])


H5AD = {"name": "z.h5ad"}
HOLE = np.where(VALUES.max() == VALUES, np.nan, VALUES)
ONE_CLASS = "pert_id,pcl\n0012,A\nNA,A\nTRUE,B\n"
BAD = {
    "another format": ({"name": "z.csv"}, r"z.csv must be a .gct, .gctx or .h5ad file.*'.csv'"),
    "an empty file": ({"content": b"\n"}, "z.gct is no GCT: it begins with"),
    "a file cut short": ({"content": gct()[:-60]}, "z.gct.*must have"),
    "no gctx": ({"content": gct(), "name": "z.gctx"}, "z.gctx is GCT text"),
    "no h5ad": ({"content": gct(), **H5AD}, "z.h5ad cannot be read as an h5ad file"),
    "a word": ({"content": gct([*VALUES.astype(str).tolist()[:7], ["high"] * 4])}, "z.gct, line 9.*'high'"),
    "a hole": ({"content": gct(HOLE)}, "z.gct: gene .* is nan in sample S.*1 such values.*Fill the value in"),
    "a hole in h5ad": ({"content": annotated(HOLE), **H5AD}, "z.h5ad: gene .* is nan in sample S"),
    "levels of expression": ({"content": gct(abs(VALUES))}, "holds values from .* but z-scores are needed"),
    "another scale": (
        {"content": gct(VALUES * 9)},
        "of them beyond ±10, but z-scores are needed.*each plate",
    ),
    "a gene twice": ({"content": annotated(genes=("A", "B", "B", "C")), **H5AD}, "gene B is listed 2 times"),
    "a signature twice": ({"content": gct(ids=("S1", *IDS[1:]))}, "sample S1 is listed 2 times"),
    "no field of drugs": (
        {"pert_key": "drugs"},
        "no column 'drugs' for the perturbation. Did you mean 'drug'",
    ),
    "no field of lines": (
        {"cell_key": "cell_id"},
        "no column 'cell_id' for the cell line.*-p cell_key=COLUMN",
    ),
    "no known treatment": ({"type_key": "drug"}, "no entry of drug, such as .*, is a known.*Write trt_cp"),
    "a packed file": ({"name": "z.gct.gz"}, "z.gct.gz must be .*Unpack a .gz file"),
    "no field of doses": ({"dose_key": "doses"}, "no column 'doses' for the dose. Did you mean 'dose'"),
    "a drug without name": (
        {"content": annotated(drug=[None, *FIELDS["drug"][1:]]), **H5AD},
        "1 samples have no drug",
    ),
    "few signatures": (
        {"least": (80, 31)},
        "holds 8 signatures of 4 genes, but at least 80 of 31 are needed",
    ),
    "one drug": ({"content": annotated(drug="x"), **H5AD}, "one perturbation, x, but whole perturbations"),
    "classes of others": ({"classes": "pert_id,pcl\nfoo,A\nbar,B\n"}, "none of its 5 drugs, such as 0012"),
    "one class of two drugs": (
        {"classes": ONE_CLASS},
        "two classes of at least two drugs.*there are 1 .of 2",
    ),
    "two classes of a drug": ({"classes": CLASSES + "NA,B\n"}, "classes.csv puts 1 drugs into more than one"),
    "a class without name": ({"classes": CLASSES + "x,\n"}, "classes.csv, line 7: has an empty cell"),
    "other columns": ({"classes": "drug,class\nNA,A\n"}, "classes.csv has no column 'pert_id'"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_malformed_file_is_refused_with_its_name_and_the_next_step(read, monkeypatch, fault):
    given, says = dict(BAD[fault][0]), BAD[fault][1]
    monkeypatch.setattr(own, "LEAST", given.pop("least", own.LEAST))

    with pytest.raises((DataError, ParameterError), match=f"(?s){says}") as caught:
        read(**given)

    assert len(str(caught.value)) < 700


def test_a_file_that_is_missing_or_not_named_is_asked_for(tmp_path):
    with pytest.raises(ParameterError, match=r"source=own needs path.*\n.*-p path=PATH"):
        load.load("own")
    for name in ("z.gct", "z.gctx", "z.h5ad"):
        with pytest.raises(DataError, match=rf"{name} must be a file, but is not there"):
            load.load("own", path=str(tmp_path / name), **KEYS)


def test_more_folds_than_drugs_are_refused_when_they_are_split(read):
    from reread.lincs.data import splits

    with pytest.raises(DataError, match="9 folds need 9 groups, but there are 5"):
        list(splits.folds(read().meta, by=["pert_name"], n_folds=9))
