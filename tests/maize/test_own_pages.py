"""A page on a reader's table and labels: it answers no claim, and its record keeps the digests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.book.running.page_run import run_page
from reread.core.files import read_json, sha256
from reread.maize.data import simulate
from reread.pages import page


@pytest.mark.slow
def test_a_page_runs_on_an_own_table_and_answers_no_claim(tmp_path, monkeypatch):
    monkeypatch.setenv("REREAD_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("REREAD_STATE", str(tmp_path / "state"))
    data = simulate.simulate(
        simulate.Design(n_tissues=4, n_studies=3, n_replicates=2, n_genes=60, n_planted=3)
    )
    names = [f"{i:03d}" for i in range(len(data.samples))]
    pd.DataFrame(data.values.T, index=list(data.genes), columns=names).to_csv(tmp_path / "tpm.tsv", sep="\t")
    labels = {"tissue": data.tissue_names, "study": data.group}
    pd.DataFrame(labels, index=names).rename_axis("sample").to_csv(tmp_path / "labels.csv")
    files = {"expression": tmp_path / "tpm.tsv", "labels": tmp_path / "labels.csv"}
    keys = {"genes_in": "rows", "label_key": "tissue", "group_key": "study", "n_folds": 1}

    given = {"source": "own", **keys, **{name: str(path) for name, path in files.items()}}
    folder = run_page(page("maize/01-expression"), overrides=given, say=lambda line: None)

    record = read_json(folder / "record.json")
    assert record["scope"] == "own"
    assert (
        record["values"] | {f"own.sha256_{name}": sha256(path) for name, path in files.items()}
        == record["values"]
    )
    assert (record["values"]["n_samples"], record["values"]["n_tissues"]) == (24, 4)
    assert record["values"]["share_zero"] == pytest.approx(float((data.values == 0).mean()))
    assert not (folder / "tables/verdicts.csv").exists()
    assert np.isfinite(record["values"]["nearest_r.group"])
