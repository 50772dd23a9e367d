"""Pages on a reader's own loom and h5ad file, with other names of columns and the counts in a layer."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from reread.book.running.page_run import run_page
from reread.core.files import read_json
from reread.core.pickles import read_plain
from reread.depression.data import simulate
from reread.pages import page
from scipy.sparse import csr_matrix

anndata, loompy = pytest.importorskip("anndata"), pytest.importorskip("loompy")

NAMES = {"donor_key": "individual", "condition_key": "disease", "cell_type_key": "cluster", "layer": "raw"}
QUICK = {"folds_run": 1, "epochs": 2, "n_permutations": 2, "n_boot": 20}


@pytest.fixture
def own(mirror, tmp_path, monkeypatch):
    """Cells of 12 donors, logged in the main matrix and raw in a layer, with genes that Geneformer knows."""
    for name in ("RUNS", "DATA", "STATE"):
        monkeypatch.setenv(f"REREAD_{name}", str(tmp_path / name))
    monkeypatch.setenv("REREAD_MIRROR", str(mirror))
    tokens = read_plain(mirror / "depression/token_dictionary_v1.pkl", int, float)
    counts, _ = simulate.simulate_cohort(12, 20, n_genes=80, n_disease_genes=16)
    genes = [name for name in tokens if name.startswith("ENSG")][: len(counts.genes)]
    disease = np.where(counts.cells["condition"] == 1, "ill", "healthy")
    table = {"individual": counts.cells["donor"], "disease": disease, "cluster": counts.cells["cell_type"]}
    raw = counts.matrix.toarray()

    def write(suffix):
        path = tmp_path / f"cells{suffix}"
        if suffix == ".loom":
            columns = {name: np.asarray(one).astype(str) for name, one in table.items()}
            layers = {"": np.log1p(raw).T, "raw": raw.T}
            loompy.create(str(path), layers, {"ensembl_id": np.array(genes)}, columns)
        else:
            cells = pd.DataFrame(table).rename("c{}".format).astype({"disease": "category"})
            adata = anndata.AnnData(np.log1p(raw), cells, pd.DataFrame(index=genes))
            adata.layers["raw"] = csr_matrix(raw, dtype=np.float32)
            adata.write_h5ad(path)
        return str(path)

    return write


def run(chapter, given):
    """Record and folder of a run of one page."""
    folder = run_page(page(f"depression/{chapter}"), overrides=given, say=lambda line: None)
    record = read_json(folder / "record.json")
    assert record["scope"] == "own"
    return record["values"], folder


@pytest.mark.slow
def test_a_page_runs_on_an_own_file_and_answers_no_claim(own):
    values, _ = run("01-rank-value-encoding", {"source": "own", "path": own(".loom"), **NAMES})
    assert values["n_cells"] == 240


@pytest.mark.slow
def test_a_network_starts_from_a_checkpoint_on_own_cells(own, tmp_path):
    given = {"source": "own", "path": own(".h5ad"), **NAMES, **QUICK}
    first, folder = run("02-classifier", given)
    checkpoint = shutil.copytree(folder / "artifacts/model", tmp_path / "checkpoint")
    # so slow a rate changes nothing: what it predicts is what the checkpoint knew
    second, _ = run("02-classifier", given | {"checkpoint": str(checkpoint), "rate": 1e-7})

    assert first["auroc.logistic-regression.donor"] > 0.5
    assert f"starts from the checkpoint {checkpoint}" in second["answer.network"]
    assert second["auroc.network.donor"] == pytest.approx(first["auroc.network.donor"], abs=1e-3)
    assert second["brier.network.donor"] == pytest.approx(first["brier.network.donor"], abs=1e-3)
