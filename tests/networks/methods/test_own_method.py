"""A reader's method is scored as ours are, and the page that says so shows what is computed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.networks.data import load
from reread.networks.data.splits import SCHEMES, split_pairs
from reread.networks.methods import benchmark, own_method

PAGE = (Path(__file__).resolve().parents[3] / "book" / "own-method.md").read_text()
FEW = {"methods": ["one-hot-logistic", "spearman"], "n_boot": 20}


@pytest.fixture(scope="module")
def dataset():
    return load.load("simulated", n_cells=60, negatives="pool")


def spearman(model, expression, pairs):
    r = expression.corr(method="spearman").abs()
    return [r.loc[tf, target] for tf, target in zip(pairs["tf"], pairs["target"], strict=True)]


def rows_of(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_one_of_our_methods_given_as_an_own_one_scores_the_same(dataset):
    table = own_method.score(lambda *_: None, spearman, source=dataset, schemes=["pair", "both"], **FEW)

    for _, part in table.groupby("scheme"):
        own, ours = (part.set_index("method").loc[name] for name in ("own", "spearman"))
        assert own["family"] == "own method"
        for value in ("auroc", "auprc", "auprc_gain", "auprc_gain_low", "auprc_gain_high"):
            assert own[value] == pytest.approx(ours[value], abs=0.005), value
    assert table["n_folds"].eq(5).all()


def test_our_methods_stand_in_the_table_as_the_benchmark_has_them(dataset):
    table = own_method.score(lambda *_: None, spearman, source=dataset, schemes=["tf"], **FEW)

    scores = benchmark.score_methods(dataset, ["tf"], FEW["methods"])
    wanted = benchmark.compare_scores(dataset, scores, n_boot=20)
    ours = table[table["method"] != "own"].reset_index(drop=True)
    pd.testing.assert_frame_equal(ours, wanted[list(ours.columns)])


def test_a_method_sees_labels_of_training_pairs_only_and_cannot_change_what_others_see(dataset):
    seen = []

    def fit(expression, pairs):
        seen.append((expression.copy(), pairs.copy()))
        expression.iloc[:] = 0
        pairs["label"] = 1
        return seen[-1][1]

    def predict(model, expression, pairs):
        assert list(pairs.columns) == ["tf", "target"]
        both = pairs.merge(model, on=["tf", "target"])
        assert len(both) == 0 or not dataset_is_unique
        np.testing.assert_array_equal(expression, dataset.expression.values)
        return np.zeros(len(pairs))

    dataset_is_unique = not own_method.named_pairs(dataset)[["tf", "target"]].duplicated().any()
    table = own_method.score(fit, predict, source=dataset, schemes=["pair"], **FEW)

    assert len(seen) == 5
    for (expression, pairs), fold in zip(seen, split_pairs(dataset.pairs, "pair"), strict=True):
        np.testing.assert_array_equal(expression, dataset.expression.values)
        assert list(expression.columns) == list(dataset.expression.genes)
        np.testing.assert_array_equal(pairs["label"], dataset.pairs.label[fold.train])
        np.testing.assert_array_equal(pairs["tf"], dataset.pairs.tf_names[fold.train])
    # a constant score is at chance
    assert table.set_index("method").loc["own", "auroc"] == 0.5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_split_by_name_is_the_split_of_the_study(dataset, scheme):
    table = own_method.split_table(dataset, scheme)

    for fold in split_pairs(dataset.pairs, scheme):
        for part, rows in (("train", fold.train), ("test", fold.test)):
            found = table[(table["fold"] == fold.name) & (table["part"] == part)]
            np.testing.assert_array_equal(found["row"], rows)
            np.testing.assert_array_equal(found["target"], dataset.pairs.gene_names[rows])
            np.testing.assert_array_equal(found["label"], dataset.pairs.label[rows])


def test_digests_differ_between_splits_and_between_seeds(dataset):
    first, again, other = (own_method.split_digests(dataset, seed=seed) for seed in (0, 0, 1))

    assert first == again
    assert len(set(first.values())) == 4
    assert first["pair"] != other["pair"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda n: np.zeros((n, 2)), r"shape \(\d+,\), but its shape is \(\d+, 2\)"),
        (lambda n: np.zeros(n - 1), "one score for each"),
        (lambda n: np.where(np.arange(n) == 3, np.nan, 0.0), "returned nan for test row 3"),
        (lambda n: ["high"] * n, "numbers, but came with list"),
    ],
)
def test_what_is_no_score_is_refused(dataset, answer, says):
    with pytest.raises(DataError, match=says):
        own_method.score(
            lambda *_: None, lambda m, e, pairs: answer(len(pairs)), source=dataset, schemes=["pair"], **FEW
        )


def test_a_taken_name_and_an_unknown_source_or_split_are_refused(dataset):
    for wrong in ({"name": "spearman"}, {"name": ""}, {"source": "mhsc"}, {"schemes": ["pairs"]}):
        with pytest.raises(ParameterError):
            own_method.score(lambda *_: None, spearman, **{"source": dataset, **FEW, **wrong})


def test_the_ten_lines_of_the_book_give_its_table():
    code = re.search(r"## Ten lines.*?```python\n(.*?)```", PAGE, re.DOTALL)[1]
    assert len([line for line in code.splitlines() if line and "import" not in line]) <= 10
    names: dict = {}
    exec(code, names)

    shown = rows_of(PAGE.partition("## Ten lines")[2].partition("## Choices")[0])
    found = names["table"]
    assert shown[0] == ["scheme", "method", "family", "auroc", "auprc", "auprc_gain"]
    assert [row[:3] for row in shown[1:]] == found[["scheme", "method", "family"]].to_numpy().tolist()
    numbers = np.array([[float(cell) for cell in row[3:]] for row in shown[1:]])
    np.testing.assert_allclose(numbers, found[["auroc", "auprc", "auprc_gain"]], atol=0.0101)
    # what the page says below the table
    for _, part in found.set_index("method").groupby("scheme"):
        assert part.loc["own", "auprc_gain"] > 0
        assert part.loc["spearman", "auroc"] > part.loc["own", "auroc"]


def test_the_digests_of_the_book_are_those_of_the_files(published):
    shown = rows_of(PAGE.partition("## The splits by name")[2])

    assert shown[0] == ["source", *SCHEMES]
    for source, *digests in shown[1:]:
        assert digests == list(own_method.split_digests(source).values())
