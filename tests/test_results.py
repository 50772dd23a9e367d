"""The results of a run in an AnnData object: values and tables in ``uns``, tables by gene in ``varm``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reread.book.running.page_run import run_page
from reread.core.errors import RunError
from reread.pages import page
from reread.results import into_anndata

anndata = pytest.importorskip("anndata")

CODES = [
    "import pandas as pd",
    'page.measure("cells", n)\npage.measure("none", float("nan"))\n'
    'genes = pd.DataFrame({"gene": ["1-Mar", "NA", "007"], "score": [1.5, -2.0, 0.25]})\n'
    'genes["why"] = ["a", None, "b"]\n'
    'page.table(genes, "scores", caption="A row for each gene.")\n'
    'page.table(pd.concat([genes, genes]), "pairs", caption="Two rows for each gene.")\n'
    'page.table(genes.rename(columns={"gene": "tf/target"}), "others", caption="No column of genes.")\n'
    'genes.to_csv(page.artifact("ranks.csv"), index=False)',
]


@pytest.fixture(scope="module")
def adata():
    names = ["007", "absent", "1-Mar", "NA"]
    return anndata.AnnData(np.zeros((2, 4), "float32"), var=pd.DataFrame(index=names))


@pytest.fixture
def run(chapter_of) -> Path:
    chapter_of("01-cells", CODES)
    return run_page(page("maize/01-cells"), say=lambda _: None)


def test_results_are_found_by_gene_name_and_survive_a_file(run, adata, tmp_path):
    keys = into_anndata(run, adata)
    adata.write_h5ad(tmp_path / "results.h5ad")
    back = anndata.read_h5ad(tmp_path / "results.h5ad")

    assert sorted(keys) == ["reread_ranks", "reread_scores"]
    scores = back.varm["reread_scores"]
    assert list(scores.index) == ["007", "absent", "1-Mar", "NA"]
    np.testing.assert_array_equal(scores["score"], [0.25, np.nan, 1.5, -2.0])
    kept = back.uns["reread"]["maize-01-cells"]
    assert kept["values"] == {"cells": 5}
    assert kept["profile"] == "demo" and kept["parameters"]["rate"] == 0.5
    assert list(kept["tables"]["pairs"]["gene"]) == ["1-Mar", "NA", "007"] * 2
    assert list(kept["tables"]["scores"]["why"]) == ["a", "", "b"]
    assert list(kept["tables"]["others"]["tf|target"][:1]) == ["1-Mar"]


def test_a_run_is_named_as_the_list_of_runs_names_it(run, adata):
    assert into_anndata("demo/maize/01-cells", adata) == into_anndata(run, adata)


def test_genes_of_another_naming_leave_varm_alone(run):
    other = anndata.AnnData(np.zeros((1, 1), "float32"), var=pd.DataFrame(index=["ENSG00000000003"]))

    assert into_anndata(run, other) == []
    assert list(other.varm) == []
    assert set(other.uns["reread"]["maize-01-cells"]["tables"]) >= {"scores", "pairs", "others", "ranks"}


def test_a_folder_without_a_finished_run_and_an_altered_run_are_refused(run, adata):
    with pytest.raises(RunError):
        into_anndata(run.parent / "nothing", adata)
    (run / "tables/scores.csv").write_text("gene,score\nNA,9\n")
    with pytest.raises(RunError, match="altered"):
        into_anndata(run, adata)
