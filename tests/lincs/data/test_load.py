from __future__ import annotations

import gzip
from pathlib import Path
from runpy import run_path

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.lincs.data import load as data
from reread.lincs.data.tables import CLIP
from reread.lincs.io import gctx

write = run_path(str(Path(__file__).parents[3] / "benchmarks/oracles/gctx_writer.py"))["write"]


def test_the_level_5_file_is_272_signatures_of_three_drugs(real):
    found = data.load("level-5")

    assert found.values.shape == (272, 978)
    assert found.meta["pert_name"].value_counts().to_dict() == {
        "vemurafenib": 140, "atorvastatin": 94, "venlafaxine": 38,
    }  # fmt: skip
    assert sorted(set(found.meta["dose_um"])) == [0.1, 0.5, 1, 3, 10]
    assert found.meta["time_h"].value_counts().to_dict() == {6: 183, 24: 87}
    assert np.abs(found.values).max() == CLIP
    assert (found.genes[:3], found.symbols[:3]) == (("780", "7849", "6193"), ("DDR1", "PAX8", "RPS5"))


def test_genes_are_put_into_the_order_of_the_weights(real):
    found, path = data.load("level-5"), real / "modzs_n272x978.gctx"
    meta = gctx.read_meta(path)
    row = meta.rows.index[meta.rows["pr_gene_symbol"] == "DUSP6"][0]
    raw = gctx.read(path)[:, row]

    assert np.clip(raw, -CLIP, CLIP).tolist() == found.values[:, found.symbols.index("DUSP6")].tolist()


def test_the_plate_is_377_wells_and_pooled_is_both(real):
    plate, pooled = data.load("plate"), data.load("pooled")

    assert plate.values.shape == (377, 978)
    assert plate.meta["kind"].value_counts().to_dict() == {"drug": 351, "control": 26}
    assert np.median(plate.values, axis=0) == pytest.approx(np.zeros(978), abs=1e-6)
    assert len(pooled) == 649 and pooled.truth is None
    assert len(data.load("pooled", kind="drug")) == 623


def test_simulated_signatures_have_their_truth():
    drugs = data.load("simulated", kind="drug")

    assert set(drugs.meta["kind"]) == {"drug"}
    assert drugs.truth.programs.shape == (12, 978)


def test_a_source_or_kind_that_is_none_is_refused(real):
    with pytest.raises(ParameterError, match=r"no source 'level5'.*Did you mean 'level-5'"):
        data.load("level5")
    with pytest.raises(ParameterError, match="kind must be all, drug or knockdown"):
        data.load("simulated", kind="drugs")
    with pytest.raises(DataError, match="level-5 has no signature of kind 'knockdown'"):
        data.load("level-5", kind="knockdown")


def test_genes_that_are_missing_or_stand_twice_are_refused():
    values = np.zeros((2, 3))
    with pytest.raises(DataError, match="1 genes are missing, such as 'z'"):
        data.in_order(values, pd.Series(["a", "b", "c"]), pd.Series(["c", "z"]))
    with pytest.raises(DataError, match="must be unique, but 'a'"):
        data.in_order(values, pd.Series(["a", "b", "a"]), pd.Series(["a"]))


def test_signatures_of_other_genes_are_not_stacked(real):
    with pytest.raises(DataError, match="the same genes in the same order"):
        data.stack(data.load("level-5"), data.load("simulated"))


# the two series of GEO, in miniature


@pytest.fixture
def series(tmp_path, monkeypatch):
    """Two tiny series: 6 drug signatures x 5 genes of which 3 are landmarks; 4 knock-downs x 3."""
    monkeypatch.setenv("REREAD_DATA", str(tmp_path / "data"))
    rng = np.random.default_rng(0)
    drugs, downs = rng.normal(0, 8, (6, 5)), rng.normal(0, 8, (4, 3))
    files = {}
    for name, values, genes in (
        ("gse70138", drugs, [10, 20, 30, 40, 50]),
        ("gse106127", downs, [50, 10, 30]),
    ):
        ids = [f"{name}:{i}" for i in range(len(values))]
        path = write(tmp_path / f"{name}.gctx", values, genes, ids)
        files[name] = tmp_path / f"{name}.gctx.gz"
        files[name].write_bytes(gzip.compress(path.read_bytes()))
        kind, cell = ("trt_cp", "A375") if name == "gse70138" else ("trt_sh.cgs", "PC3")
        number = [i // 2 for i in range(len(ids))]
        table = pd.DataFrame({"sig_id": ids, "pert_id": [f"P{n}" for n in number], "pert_type": kind})
        table = table.assign(
            cell_id=cell, pert_iname=[f"n{n}" for n in number], pert_idose="10.0 um", pert_itime="24 h"
        )
        files[f"{name}-signatures"] = tmp_path / f"{name}.txt"
        table.iloc[::-1].to_csv(files[f"{name}-signatures"], sep="\t", index=False)
    genes = pd.DataFrame(
        {"pr_gene_id": [50, 30, 20, 10, 40], "pr_gene_symbol": list("EDCBA"), "pr_is_lm": [1, 1, 0, 1, 0]}
    )
    files["gse70138-genes"] = tmp_path / "genes.txt"
    genes.to_csv(files["gse70138-genes"], sep="\t", index=False)
    files["landmark-order"] = tmp_path / "order.csv"
    pd.DataFrame({"pos": range(3), "entrez": [50, 30, 10], "symbol_2017": list("EDB")}).to_csv(
        files["landmark-order"]
    )
    files["pcl-classes"] = tmp_path / "pcl.csv"
    files["pcl-classes"].write_text("pert_id,pcl\nP1,CP_A\n")
    files["published-neighbours"] = tmp_path / "neighbours.csv"
    files["published-neighbours"].write_text("i,pcl,nn_pcl\n0,CP_A,CP_B\n1,CP_B,CP_A\n")
    monkeypatch.setattr(data.registry, "fetch", lambda key: files[key.removeprefix("lincs/")])
    return drugs, downs, files


def test_series_are_joined_by_id_and_put_into_the_order_of_the_landmarks(series):
    drugs, downs, _ = series
    found = data.load("merged")

    assert found.genes == ("50", "30", "10")
    assert found.values[:6] == pytest.approx(np.clip(drugs[:, [4, 2, 0]], -10, 10), rel=1e-6)
    assert found.values[6:] == pytest.approx(np.clip(downs[:, [0, 2, 1]], -10, 10), rel=1e-6)
    assert found.meta["sig_id"].tolist()[:2] == ["gse70138:0", "gse70138:1"]
    assert found.meta["pcl"].tolist() == ["", "", "CP_A", "CP_A", "", "", "", "", "", ""]
    assert found.meta["gene"].tolist()[5:] == ["", "n0", "n0", "n1", "n1"]
    assert set(found.meta["series"]) == {"GSE70138", "GSE106127"}


def test_a_class_that_is_none_of_the_published_ones_is_refused(series):
    _, _, files = series
    files["pcl-classes"].write_text("pert_id,pcl\nP1,CP_A\nP2,CP_BB\n")

    with pytest.raises(DataError, match=r"1 classes that are not known here, such as 'CP_BB'.*'CP_B'"):
        data.load("gse70138")


def test_a_signature_that_the_table_does_not_name_is_refused(series):
    _, _, files = series
    path = files["gse106127-signatures"]
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))

    with pytest.raises(DataError, match="its table of signatures lacks 1 and names 0 more than once"):
        data.load("gse106127")
