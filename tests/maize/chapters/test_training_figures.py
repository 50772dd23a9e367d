from __future__ import annotations

from io import BytesIO
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from reread.core import figures
from reread.maize import chapters as draw
from reread.maize.chapters import sentences_training as sentences
from reread.maize.methods import gene_order as order
from reread.maize.methods import holdouts as ladder
from reread.maize.methods.gene_order import Sensitivity

RUNGS = ("random", "replicate", "group")
TISSUES = ["root", "leaf", "pericarp and aleurone", "silk"]


def curve(has_validation: bool) -> pd.DataFrame:
    epoch = np.arange(1, 31)
    table = pd.DataFrame({"epoch": epoch, "loss": 3 / epoch, "accuracy": 1 - 0.8 / epoch})
    seen = (2 / epoch, np.clip(epoch / 30, 0, 1)) if has_validation else (np.nan, np.nan)
    return table.assign(val_loss=seen[0], val_accuracy=seen[1])


def summary(kinds) -> pd.DataFrame:
    rows = [
        (kind, model, 0.9, 0.6 + 0.1 * i, 0.55, 0.95, 136)
        for kind in kinds
        for i, model in enumerate(ladder.MODELS)
    ]
    return pd.DataFrame(rows, columns=["kind", "model", "accuracy", "macro_f1", "low", "high", "n_test"])


def sensitivity(n_orders: int, n_seeds: int) -> Sensitivity:
    names = [order.FILE] + [f"shuffle {i + 1}" for i in range(n_orders - 1)]
    runs = pd.DataFrame(
        [(n, s, 0.9) for n in names for s in range(n_seeds)], columns=["order", "seed", "accuracy"]
    )
    rng = np.random.default_rng(0)
    return Sensitivity(runs, tuple(rng.normal(size=(3, 50)) for _ in range(len(runs))))


def confusion() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    true = rng.choice(TISSUES[:3], 60)
    named = np.where(rng.random(60) < 0.7, true, rng.choice(TISSUES, 60))
    table = pd.DataFrame({"tissue": true, "predicted": named, "kind": "group", "model": ladder.CNN})
    return ladder.confusion(table, TISSUES, kind="group")


def orders(n_orders: int, n_seeds: int):
    found = sensitivity(n_orders, n_seeds)
    return found.runs, order.overlaps(found, 5), 0.05


@pytest.fixture(scope="module")
def drawn():
    return {
        "curves": draw.curves(curve(True)),
        "curves without validation": draw.curves(curve(False)),
        "ladder": draw.ladder(summary(RUNGS)),
        "ladder of one rung": draw.ladder(summary(["random"])),
        "order": draw.order(*orders(3, 2)),
        "order with one seed": draw.order(*orders(2, 1)),
        "confusion": draw.confusion(confusion()),
    }


def test_every_figure_comes_with_its_table_and_no_text_is_cut(drawn, texts_of):
    for name, (figure, table) in drawn.items():
        low, high = figure.bbox.min - 2, figure.bbox.max + 2

        assert len(table) > 0
        for text in texts_of(figure):
            box = text.get_window_extent()
            assert (box.min >= low).all() and (box.max <= high).all(), f"{name}: {text.get_text()!r} is cut"


def test_labels_of_one_axis_do_not_touch(drawn):
    for name, (figure, _) in drawn.items():
        figure.draw_without_rendering()
        for axes in figure.axes:
            labels = [
                t.get_window_extent() for t in axes.get_xticklabels() if t.get_text() and not t.get_rotation()
            ]
            ends = [(a.x1, b.x0) for a, b in pairwise(labels)]
            assert all(left < right for left, right in ends), name


def test_equal_data_give_equal_pictures():
    one, two = BytesIO(), BytesIO()
    for stream in (one, two):
        draw.order(*orders(3, 2))[0].savefig(stream, format="png", metadata={"Software": None})

    assert one.getvalue() == two.getvalue()


def test_the_table_of_orders_says_both_accuracies():
    runs, pairs, chance = orders(2, 2)
    runs.loc[0, "accuracy"] = 0.25

    table = draw.order(runs, pairs, chance)[1]

    assert table.loc[table["one"] == "file, seed 0", "accuracy_one"].tolist() == [0.25] * 3
    assert (table["accuracy_other"] == 0.9).all()


def test_alternative_texts_fit_every_page():
    runs, pairs, _ = orders(3, 2)
    one_run, one_pair, _ = orders(2, 1)
    texts = [
        sentences.alt_of_curves(curve(True)),
        sentences.alt_of_curves(curve(False)),
        sentences.alt_of_ladder(summary(RUNGS)),
        sentences.alt_of_ladder(summary(["random"])),
        sentences.alt_of_order(runs, pairs),
        sentences.alt_of_order(one_run, one_pair),
        sentences.alt_of_confusion(confusion()),
    ]

    for text in texts:
        assert figures.check_alt("any", text) == text
        assert "nan" not in text


def test_sentences_say_what_the_tables_hold():
    table = curve(True)

    said = sentences.said_of_curves(table)

    assert "raining accuracy first reaches 0.9 at pass 8 and ends at 0.97" in said
    assert "validation accuracy first reaches 0.9 at pass 27 and ends at 1.00" in said
    assert "never reaches 0.9" in sentences.said_of_curves(table.assign(accuracy=0.3))
    right = confusion().query("tissue == predicted")["n"].sum()
    assert f"{right} of 60 predictions are right" in sentences.alt_of_confusion(confusion())
    rare = pd.DataFrame({"tissue": list("aab"), "predicted": list("abb"), "n": [4, 1, 3]})
    assert "the commonest mistake takes a for b, once." in sentences.alt_of_confusion(rare)
    tied = pd.DataFrame({"tissue": list("aab"), "predicted": list("bca"), "n": [2, 1, 2]})
    said = "2 mistakes are the commonest, 2 times each, a for b among them."
    assert said in sentences.alt_of_confusion(tied)
    each_once = pd.DataFrame({"tissue": list("aab"), "predicted": list("bca"), "n": 1})
    assert "and no tissue is taken twice for the same" in sentences.alt_of_confusion(each_once)
    diagonal = confusion().assign(n=lambda t: t["n"] * (t["tissue"] == t["predicted"]))
    assert "no tissue is taken for another" in sentences.alt_of_confusion(diagonal)
