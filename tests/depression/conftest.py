from __future__ import annotations

import pytest
from reread.core.data import registry
from reread.depression.data import simulate

FILES = {
    "melanoma": "example_scrnaseq.RData",
    "glioblastoma": "glioblastoma_example_data.rda",
    "tokens-v1": "token_dictionary_v1.pkl",
    "tokens-v2": "token_dictionary_gc95M.pkl",
    "gene-medians-v1": "gene_median_dictionary_v1.pkl",
    "gene-names-v1": "gene_name_id_dict_v1.pkl",
}


@pytest.fixture(scope="session")
def small():
    """Counts of 8 donors with 30 cells each and 60 genes."""
    return simulate.simulate_cohort(8, 30, n_genes=60, n_disease_genes=10, log2_fold=2.0)[0]


@pytest.fixture
def published(mirror, monkeypatch):
    """Let sources be loaded from the mirror, without the registry in between."""
    if not (mirror / "depression").is_dir():
        pytest.skip("the published files of this study are not in the mirror")
    monkeypatch.setattr(
        registry, "fetch", lambda key: mirror / "depression" / FILES[key.removeprefix("depression/")]
    )
    return mirror / "depression"
