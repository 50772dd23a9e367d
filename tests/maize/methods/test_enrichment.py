from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.maize.methods import ranking_tables
from scipy.stats import false_discovery_control, fisher_exact

GENES = [f"g{i}" for i in range(40)]
TERMS = {"t:1": GENES[:8], "t:2": GENES[6:30], "t:3": [*GENES[20:26], "elsewhere"], "small": GENES[:3]}
CHOSEN = [*GENES[:6], "g25", "g39", "unknown"]


def of_one(genes, *inputs):
    return ranking_tables.enrich_all({"": genes}, *inputs).drop(columns="set")


def test_counts_and_p_agree_with_fishers_exact_test():
    found = of_one(CHOSEN, TERMS, GENES, {"t:1": "light"}).set_index("term")

    n_known = 30  # genes of a term that is asked: g39 and g30 to g38 have none
    table = [[6, 1], [2, n_known - 9]]
    assert found.loc["t:1", ["n", "size", "name"]].tolist() == [6, 8, "light"]
    assert found.loc["t:1", "expected"] == pytest.approx(8 * 7 / n_known)
    assert found.loc["t:1", "p"] == pytest.approx(fisher_exact(table, alternative="greater").pvalue)
    assert "small" not in found.index


def test_q_is_controlled_over_all_terms_that_are_asked_also_those_that_share_no_gene():
    found = of_one(GENES[:6], TERMS, GENES)

    assert found["term"].tolist() == ["t:1"]
    assert found["q"].iloc[0] == pytest.approx(false_discovery_control([found["p"].iloc[0], 1, 1])[0])


def test_many_sets_at_once_agree_with_one_at_a_time():
    sets = {"one": CHOSEN, "two": GENES[22:28]}

    found = ranking_tables.enrich_all(sets, TERMS, GENES)

    for name, genes in sets.items():
        one = found[found["set"] == name].drop(columns="set").reset_index(drop=True)
        assert one.equals(of_one(genes, TERMS, GENES).reset_index(drop=True))


def test_other_names_of_genes_are_an_error_and_not_an_empty_table():
    with pytest.raises(DataError, match="identifiers"):
        of_one(CHOSEN, TERMS, ["x", "y", "z"])


def test_the_share_of_transcription_factors_stands_beside_its_null(monkeypatch):
    null = np.array([[0, 11, 12, 13], [0, 1, 12, 13], [20, 21, 22, 23]])
    monkeypatch.setattr(ranking_tables, "matched_sets", lambda *_, **__: null)
    scores = np.zeros((1, 50))
    scores[0, [0, 1, 2, 40]] = 1
    data, fold = SimpleNamespace(values=np.ones((2, 50))), SimpleNamespace(train=[0, 1])
    known = SimpleNamespace(is_tf=np.arange(50) < 10)

    row = ranking_tables.tf_table({"m": scores}, data, fold, known, 4).iloc[0]

    assert row.tolist() == ["m", 0.75, pytest.approx(0.25), 0.25]
