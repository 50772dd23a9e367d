from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.depression.data import load
from reread.depression.methods import baselines, evaluate, own_method

PAGE = (Path(__file__).resolve().parents[3] / "book" / "own-method.md").read_text()


@pytest.fixture(scope="module")
def cohort():
    return load.load("simulated", n_donors=12, cells_per_donor=15, n_genes=40, n_disease_genes=8)


def fit(expression, cells):
    """The logistic regression of the study, on tables."""
    return baselines.fit_logistic(expression.to_numpy(), cells["condition"])


def predict(model, expression, cells):
    return model.predict_proba(expression.to_numpy())[:, 1]


def chance(model, expression, cells):
    return np.full(len(cells), 0.5)


def test_our_logistic_regression_given_as_an_own_method_scores_the_same(cohort):
    table = own_method.score(fit, predict, source=cohort, n_folds=3)

    assert table["split"].tolist() == ["donor"] * 5 + ["cell"] * 5
    for _, part in table.groupby("split"):
        own, ours = (part.set_index("method").loc[name] for name in ("own", "logistic regression"))
        for value in ("auroc", "accuracy", "brier", "donor_auroc", "low", "high"):
            assert own[value] == pytest.approx(ours[value], abs=1e-4), value
    splits = own_method.splits_of(cohort, "donor", n_folds=3)
    label = cohort.counts.cells["condition"].to_numpy()
    wanted = evaluate.summary(baselines.run(cohort.counts, label, splits))
    ours = table[(table["method"] != "own") & (table["split"] == "donor")].reset_index(drop=True)
    pd.testing.assert_frame_equal(ours[list(wanted.columns)], wanted)


def test_no_test_donor_is_trained_on_and_test_cells_have_no_condition(cohort):
    donors = []

    def remember(expression, cells):
        assert list(expression.columns) == list(cohort.counts.genes)
        assert len(expression) == len(cells)
        seen = set(cells["donor"])
        cells["condition"] = 0
        expression.iloc[:] = 0
        return seen

    def check(seen, expression, cells):
        assert "condition" not in cells
        assert expression.to_numpy().max() > 0
        assert not seen & set(cells["donor"])
        donors.extend(cells["donor"].unique())
        return np.full(len(cells), 0.5)

    table = own_method.score(remember, check, source=cohort, schemes=["donor"], n_folds=3)

    assert sorted(donors) == sorted(cohort.counts.cells["donor"].unique())
    assert table.set_index("method").loc["own", "auroc"] == 0.5


def test_the_null_fits_the_own_method_on_permuted_donors(cohort):
    table = own_method.score(fit, predict, source=cohort, schemes=["donor"], n_folds=3, n_permutations=4)

    null = table.set_index("method")["null_auroc"]
    assert null.drop("own").isna().all()
    splits = own_method.splits_of(cohort, "donor", n_folds=3)
    wanted = baselines.permuted_null(cohort.counts, splits, n_permutations=4)["auroc"].mean()
    assert null["own"] == pytest.approx(wanted, abs=1e-4)


def test_digests_name_the_rows_of_a_split(cohort):
    first, again, other = (own_method.split_digests(cohort, n_folds=3, seed=seed) for seed in (0, 0, 1))

    assert first == again
    assert set(first) == {"donor", "cell"}
    assert first["donor"] != first["cell"]
    assert all(first[name] != other[name] for name in first)


def digests_of_the_book(source: str) -> dict[str, str]:
    return dict(re.findall(rf"^\| depression \| {source} \| (\w+) \| `(\w+)` \|$", PAGE, re.MULTILINE))


def test_the_digests_of_the_book_are_those_of_the_simulated_cells():
    assert digests_of_the_book("simulated") == own_method.split_digests("simulated")


@pytest.mark.parametrize("source", ["melanoma", "glioblastoma"])
def test_the_digests_of_the_book_are_those_of_the_files(published, source):
    assert digests_of_the_book(source) == own_method.split_digests(source)


def test_what_is_no_probability_and_a_wrong_name_are_refused(cohort):
    def doubled(model, expression, cells):
        return np.linspace(0, 2, len(cells))

    def short(model, expression, cells):
        return np.zeros(len(cells) - 1)

    for answer, says in ((doubled, "from 0 to 2"), (short, "one score for each")):
        with pytest.raises(DataError, match=says):
            own_method.score(lambda *_: None, answer, source=cohort, n_folds=3)
    for wrong in ({"name": "majority"}, {"source": "melanom"}, {"schemes": ["donors"]}):
        with pytest.raises(ParameterError):
            own_method.score(lambda *_: None, chance, **{"source": cohort, "n_folds": 3, **wrong})
