from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.maize.data import load
from reread.maize.data.splits import KINDS, split
from reread.maize.methods import holdouts, own_method
from reread.maize.models import baselines

PAGE = (Path(__file__).resolve().parents[3] / "book" / "own-method.md").read_text()


@pytest.fixture(scope="module")
def data():
    return load.load("simulated", n_genes=60)


def fit(expression, tissue):
    """The nearest centroid of the study, on tables."""
    names, number = np.unique(tissue.astype(str), return_inverse=True)
    return names, baselines.nearest_centroid(expression.to_numpy(), number, len(names))


def predict(fitted, expression):
    names, model = fitted
    return names[model.predict_proba(expression.to_numpy()).argmax(axis=1)]


def test_our_nearest_centroid_given_as_an_own_method_scores_the_same(data):
    table = own_method.score(fit, predict, source=data, n_folds=2)

    assert table["kind"].unique().tolist() == list(KINDS)
    for _, part in table.groupby("kind"):
        own, ours, null = (
            part.set_index("model").loc[name] for name in ("own", "nearest centroid", "permuted labels")
        )
        for value in ("accuracy", "macro_f1", "n_test", "n_tissues"):
            assert own[value] == ours[value], value
        assert null["accuracy"] < 0.5 < own["accuracy"]
    wanted = holdouts.summary(holdouts.evaluate_holdouts(data, KINDS, {}, n_folds=2))
    ours = table[table["model"].isin(baselines.MODELS)].reset_index(drop=True)
    pd.testing.assert_frame_equal(ours, wanted[list(ours.columns)])


def test_a_method_sees_training_samples_and_cannot_change_what_others_see(data):
    seen = []

    def greedy(expression, tissue):
        seen.append((expression.copy(), tissue.copy()))
        expression.iloc[:] = 0
        tissue[:] = data.tissues[0]

    def first(model, expression):
        assert expression.to_numpy().max() > 0
        return [data.tissues[0]] * len(expression)

    own_method.score(greedy, first, source=data, kinds=["group"], n_folds=2)

    folds = split(data, "group", n_folds=2)
    assert len(seen) == 4  # each fold, with its labels and with permuted ones
    for fold, (expression, tissue), (_, permuted) in zip(folds, seen[::2], seen[1::2], strict=True):
        np.testing.assert_array_equal(expression, data.values[fold.train])
        np.testing.assert_array_equal(tissue, data.tissue_names[fold.train])
        assert sorted(permuted) == sorted(tissue)
        assert (permuted != tissue).any()


def test_digests_name_the_rows_of_a_hold_out(data):
    first, again, other = (own_method.split_digests(data, seed=seed) for seed in (0, 0, 1))

    assert first == again
    assert len(set(first.values())) == len(KINDS)
    assert first["random"] != other["random"]
    assert first["replicate"] == other["replicate"]


def test_the_digests_of_the_book_are_those_of_the_simulated_samples():
    shown = re.findall(r"^\| maize \| simulated \| (\w+) \| `(\w+)` \|$", PAGE, re.MULTILINE)

    assert dict(shown) == own_method.split_digests("simulated")


def test_what_is_no_tissue_and_a_wrong_name_are_refused(data):
    for answer, says in (
        (lambda m, x: ["leaf of grass"] * len(x), "'leaf of grass', which is no tissue"),
        (lambda m, x: [data.tissues[0]], "one tissue for each"),
    ):
        with pytest.raises(DataError, match=says):
            own_method.score(lambda *_: None, answer, source=data, kinds=["random"])
    for wrong in ({"name": "LightGBM"}, {"source": "simulate"}, {"kinds": ["groups"]}):
        with pytest.raises(ParameterError):
            own_method.score(fit, predict, **{"source": data, **wrong})
