from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError
from reread.networks import chapters as draw
from reread.networks import plots as marks
from reread.networks.chapters.ch06_network import layout
from reread.networks.data import load as data
from reread.networks.methods import benchmark as compare
from reread.networks.methods import full_grid as grid
from reread.networks.methods import hubs, infer, knob, stability
from reread.networks.methods.pair_audit import gene_shares

METHODS = ["one-hot-logistic", "pearson", "components-logistic"]


@pytest.fixture(scope="module")
def dataset():
    return data.load("simulated", n_cells=80, negatives="pool", seed=0)


@pytest.fixture(scope="module")
def scores(dataset):
    return compare.score_methods(dataset, ["pair", "both"], METHODS, n_folds=3)


@pytest.fixture(scope="module")
def table(dataset, scores):
    return compare.compare_scores(dataset, scores, n_boot=20)


@pytest.fixture(scope="module")
def edges(dataset):
    return hubs.edge_table(infer.pearson(dataset.expression, dataset.tfs), dataset, 40)


def transfer_rows():
    kinds = [(s, t, e) for s, t in (("E", "L"), ("L", "E")) for e in ("nothing", "pairs")]
    rows = [{"source": s, "target": t, "excluded": e, "method": "pair-statistics"} for s, t, e in kinds]
    return pd.DataFrame(rows).assign(auroc=[0.5, 0.6, np.nan, 0.55])


def attribution_rows():
    value = np.array([0.1, 0.4, 0.3])
    return pd.DataFrame(
        {"gene": list("abc"), "attribution": value, "null_mean": 0.2, "null_high": 0.35, "p": 0.1}
    )


@pytest.fixture(scope="module")
def drawn(dataset, scores, table, edges):
    on_grid = grid.score_grid(dataset, ["tf"], METHODS, n_folds=3)
    kept = stability.stability(dataset.expression, dataset.tfs, ["pearson", "spearman"], n_runs=2, top=30)
    moves = {"as published": np.array([0.1, 0.02, 0.003]), "corrected": np.array([0.3, 0, 0])}
    return {
        "concentration": draw.concentration(dataset.pairs),
        "knob": draw.knob(knob.turn(n_networks=1)),
        "batch_dependence": draw.batch_dependence(moves),
        "leak": draw.leak(table),
        "leak of the grid": draw.leak(grid.measure_grid(on_grid), "auprc_ratio"),
        "auprc_gain": draw.auprc_gain(table),
        "precision_recall": draw.precision_recall(scores, "pair"),
        "calibration": draw.calibration(grid.calibration_table(on_grid, "tf")),
        "stability": draw.stability(kept),
        "transfer": draw.transfer(transfer_rows()),
        "attention": draw.attention(np.full((3, 3), 1 / 3), ["TF", "gene", "near"]),
        "attribution": draw.attribution(attribution_rows(), "TF01", top=2),
        "network": draw.network(edges),
    }


def test_every_figure_comes_with_the_table_behind_it(drawn):
    for figure, behind in drawn.values():
        assert type(figure).__name__ == "Figure"
        assert isinstance(behind, pd.DataFrame)
        assert len(behind) > 0


def test_figures_are_seven_inches_wide_so_that_text_can_be_read(drawn, texts_of):
    for figure, _ in drawn.values():
        assert 7 <= figure.get_figwidth() <= 7.5
        assert min(text.get_fontsize() for text in texts_of(figure)) >= 7


def test_no_text_leaves_the_figure(drawn, texts_of):
    for name, (figure, _) in drawn.items():
        shown = texts_of(figure)
        low, high = figure.bbox.min - 2, figure.bbox.max + 2
        for text in shown:
            box = text.get_window_extent()

            inside = (box.min >= low).all() and (box.max <= high).all()
            assert inside, f"{name}: {text.get_text()!r} is cut"


def test_equal_data_give_equal_pictures(table):
    one, two = (BytesIO(), BytesIO())
    for stream in (one, two):
        draw.leak(table)[0].savefig(stream, format="png", metadata={"Software": None})

    assert one.getvalue() == two.getvalue()


def test_concentration_ends_at_one_and_starts_with_the_pool(drawn, dataset):
    behind = drawn["concentration"][1]

    assert behind[["negatives", "positives"]].iloc[-1].tolist() == pytest.approx([1, 1])
    assert behind["negatives"][10] == pytest.approx(gene_shares(dataset.pairs)[0][:10].sum())


def test_the_leak_table_holds_each_measure_once(drawn, table):
    wide = drawn["leak"][1].set_index("method")

    for row in table.itertuples():
        assert wide.loc[row.method, row.scheme] == row.auroc
    assert wide["family"].tolist() == [compare.NAMES, compare.UNSUPERVISED, compare.SUPERVISED]


def test_the_lift_leaves_names_out(drawn):
    assert compare.NAMES not in set(drawn["auprc_gain"][1]["family"])


def test_precision_never_rises_with_recall_and_starts_with_the_best(drawn, scores):
    for _, rows in drawn["precision_recall"][1].groupby("method"):
        assert (np.diff(rows["precision"]) <= 1e-12).all()
        assert rows["precision"].iloc[-1] >= scores["label"].mean() - 0.1


def test_a_perfect_score_has_precision_one_everywhere():
    columns = {"label": [1, 0, 1, 0], "score": [4, 1, 3, 2], "method": "m"}
    perfect = pd.DataFrame({"scheme": "pair", "fold": 0, **columns})

    assert (draw.precision_recall(perfect, "pair", ["m"])[1]["precision"] == 1).all()


def test_batch_moves_are_kept_pair_by_pair(drawn):
    behind = drawn["batch_dependence"][1]

    assert behind.loc[behind["model"] == "corrected", "move"].tolist() == [0.3, 0, 0]


def test_the_strongest_attributions_are_shown_first(drawn):
    assert drawn["attribution"][1]["gene"].tolist() == ["b", "c"]


def test_the_attention_table_names_query_and_key():
    weights = np.array([[0.9, 0.1], [0.4, 0.6]])

    behind = draw.attention(weights, ["TF", "gene"])[1]

    assert behind.set_index(["query", "key"])["attention"]["TF", "gene"] == 0.1


def test_tfs_stand_on_the_inner_ring_and_no_two_genes_on_one_place(edges):
    place = layout(edges)
    radius = {name: np.hypot(*at) for name, at in place.items()}

    assert all(radius[tf] == pytest.approx(0.5) for tf in edges["tf"])
    assert all(radius[g] == pytest.approx(1.0) for g in set(edges["gene"]) - set(edges["tf"]))
    points = np.array(list(place.values()))
    distance = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    assert distance[~np.eye(len(points), dtype=bool)].min() > 0.05


def test_the_layout_does_not_depend_on_the_order_of_edges(edges):
    here, there = layout(edges), layout(edges.iloc[::-1])

    assert all((here[name] == there[name]).all() for name in here)


def test_gene_names_of_the_network_do_not_overlap(drawn):
    figure = drawn["network"][0]
    figure.draw_without_rendering()
    boxes = [t.get_window_extent() for t in figure.axes[0].texts if t.get_text().startswith(("GENE", "TF"))]
    points = np.array([[(b.x0 + b.x1) / 2, (b.y0 + b.y1) / 2] for b in boxes])
    distance = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(points))

    assert distance.min() > 10


@pytest.mark.parametrize("seed", range(3))
def test_labels_are_spread_just_as_far_as_needed(seed):
    places = np.random.default_rng(seed).random(9)

    moved = marks.spread(places, 0.2)

    assert np.diff(np.sort(moved)).min() >= 0.2 - 1e-9
    assert (np.argsort(moved) == np.argsort(places)).all()
    assert marks.spread(np.array([0.0, 5.0]), 0.2).tolist() == [0, 5]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda t, s: draw.auprc_gain(t[t["family"] == compare.NAMES]), "none"),
        (lambda t, s: draw.precision_recall(s, "gene"), "gene"),
        (lambda t, s: draw.network(pd.DataFrame(columns=hubs.EDGE_COLUMNS)), "empty"),
        (lambda t, s: draw.batch_dependence({}), "none"),
        (lambda t, s: draw.attention(np.ones((2, 3)), ["a", "b"]), "key=2"),
    ],
    ids=["auprc_gain", "precision_recall", "network", "batch_dependence", "attention"],
)
def test_nothing_to_draw_is_said_and_not_drawn(table, scores, call, said):
    with pytest.raises(DataError, match=said):
        call(table, scores)
