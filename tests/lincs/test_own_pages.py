"""Pages on a reader's signatures: real wells written as h5ad under other names, and a network read again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.book.running.page_run import run_page
from reread.core.errors import RunError
from reread.core.files import read_json, sha256
from reread.lincs.data import annotations, load
from reread.pages import page

anndata = pytest.importorskip("anndata")

KEYS = {"pert_key": "drug", "cell_key": "line", "dose_key": "um", "time_key": "", "type_key": "type"}
QUICK = {"hidden": 64, "latent": 16, "epochs": 15, "n_seeds": 1}


@pytest.mark.slow
def test_pages_run_on_an_own_file_and_answer_no_claim(real, tmp_path, monkeypatch):
    monkeypatch.setenv("REREAD_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("REREAD_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("REREAD_DATA", str(tmp_path / "data"))
    wells = load.load("plate")
    meta, path = wells.meta, tmp_path / "plate.h5ad"
    treatment = np.where(meta["kind"] == "control", "ctl_vehicle", "trt_cp")
    obs = pd.DataFrame(
        {"drug": meta["pert_name"], "line": meta["cell"], "um": meta["dose_um"], "type": treatment}
    )
    names = pd.DataFrame(index=list(wells.symbols))
    anndata.AnnData(wells.values, obs.set_index(meta["sig_id"]), names).write_h5ad(path)
    drugs = pd.Series(annotations.DRUG_CLASSES, name="pcl").rename_axis("pert_id")
    drugs.to_csv(tmp_path / "classes.csv")
    files = {"path": str(path), "classes": str(tmp_path / "classes.csv")}

    def run(name, **more):
        folder = run_page(page(f"lincs/{name}"), overrides={"source": "own", **more}, say=lambda line: None)
        return read_json(folder / "record.json")

    first = run("01-signatures", n_folds=2, **files, **KEYS)
    with pytest.raises(
        RunError, match=r"needs a finished run of lincs/02-vae.*source=own, path=.*plate.h5ad"
    ):
        run("06-drug-target-handle.strong", path=str(path))
    trained = run("02-vae.drugs", **files, **KEYS, **QUICK)
    query = {"network": "drugs", "against": "drug", "drugs": "trametinib", "n_permutations": 19}
    asked = run("06-drug-target-handle.strong", path=str(path), **query)

    for record in (first, trained, asked):
        assert record["scope"] == "own"
        assert record["values"]["own.sha256_path"] == sha256(path)
        assert record["values"]["own.sha256_classes"] == sha256(tmp_path / "classes.csv")
    assert first["values"]["n_signatures.all"] == 377
    assert trained["values"]["n.signatures"] == 351
    assert asked["values"]["first.drug"] == "trametinib"
