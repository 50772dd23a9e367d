from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core import figures
from reread.core.errors import DataError
from reread.maize import chapters as draw
from reread.maize.chapters import sentences_clusters, sentences_genes
from reread.maize.methods import clustering as clusters
from reread.maize.methods import overlap
from reread.maize.methods import published_clustering as published_clusters
from reread.maize.methods import ranking_tables as report_genes

METHODS = ("CNN, shap as published", "LightGBM, TreeSHAP", "tau")
N_TISSUES, N_GENES = 4, 200


@pytest.fixture(scope="module")
def ranked():
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=(N_TISSUES, N_GENES)) for name in METHODS}


@pytest.fixture(scope="module")
def ranks(ranked):
    markers = [("leaf", f"g{g}", g % N_TISSUES, g) for g in range(20)]
    return report_genes.marker_ranks(ranked, markers)


@pytest.fixture(scope="module")
def methods(ranked, ranks):
    empty = pd.DataFrame(columns=["method", "seed", "precision", "auroc", "decoy_share", "chance"])
    return report_genes.methods_table(ranked, ranks, empty, 5)


@pytest.fixture(scope="module")
def compared():
    rng, tissue = np.random.default_rng(1), np.arange(36) % N_TISSUES
    log = rng.normal(size=(36, N_GENES))
    sets = {name: rng.permutation(N_GENES)[:20] for name in METHODS}
    protocol = published_clusters.Protocol("pca-2", 6, 2, 2)
    table, nulls = clusters.compare(log, tissue, sets, protocol, n_null=20)
    runs = published_clusters.feedback_runs(log, tissue, sets["tau"], protocol, n_runs=3)
    sizes = clusters.by_size(log, tissue, [5, 50], [0, 12], protocol, n_sets=3)
    return table, nulls, runs, sizes


def table_of_tests():
    columns = {"v_gauss": [0.6, 0.5, 0.4], "z_gauss": [3.0, 0.2, -1], "p_gauss": [1e-9, 0.4, 0.9]}
    return pd.DataFrame({"method": METHODS, **columns, "v_perm": 0.5, "p_perm": [0.001, 0.2, 1.0]})


def agreement_rows():
    rows = [(METHODS[0], "seed", 0.4), (METHODS[0], "gene order", 0.3), (METHODS[1], "seed", 1.0)]
    return pd.DataFrame(rows, columns=["method", "differs", "jaccard"])


ALARMS = pd.DataFrame({"published": np.linspace(0, 0.1, 40), "permutation": np.linspace(0.02, 1, 40)})
SPREAD = {"runs": 0.01, "sets": 0.02, "seeds": 0.0}
COUNTS = pd.DataFrame([[0, 3], [12, 5], [1, 1]], index=METHODS, columns=["leaf", "endosperm"])


@pytest.fixture(scope="module")
def drawn(ranked, ranks, methods, compared):
    """Name to figure, table, and alternative text."""
    table, nulls, runs, sizes = compared
    pairs = overlap.overlaps({name: np.argsort(s[0])[:30] for name, s in ranked.items()}, N_GENES)
    few = ranks[ranks["marker"].isin([f"g{g}" for g in range(8)])]
    alarms = {name: (ALARMS[name] < 0.05).mean() for name in ALARMS}
    return {
        "few_ranks": (draw.marker_ranks(few), sentences_genes.alt_of_markers(methods)),
        "few_sets": (
            draw.v_by_set(table, {name: null[:8] for name, null in nulls.items()}),
            sentences_clusters.alt_of_sets(table, {name: null[:8] for name, null in nulls.items()}),
        ),
        "marker_ranks": (draw.marker_ranks(ranks), sentences_genes.alt_of_markers(methods)),
        "union_walk": (draw.union_walk(ranked), sentences_genes.alt_of_walk(methods)),
        "overlap": (draw.overlap(pairs), sentences_genes.alt_of_overlap(pairs)),
        "agreement": (draw.agreement(agreement_rows()), sentences_genes.alt_of_agreement(agreement_rows())),
        "enrichment": (draw.enrichment(COUNTS), sentences_genes.alt_of_enrichment(COUNTS)),
        "v_by_set": (draw.v_by_set(table, nulls), sentences_clusters.alt_of_sets(table, nulls)),
        "feedback": (draw.feedback(runs), sentences_clusters.alt_of_feedback(runs)),
        "by_size": (draw.by_size(sizes), sentences_clusters.alt_of_sizes(sizes)),
        "two_nulls": (
            draw.two_nulls(table_of_tests(), (0.5, 0.02), nulls, METHODS[:2], ("20 genes", "30 genes")),
            sentences_clusters.alt_of_nulls(table_of_tests(), METHODS[:2]),
        ),
        "p_values": (draw.p_values(table_of_tests()), sentences_clusters.alt_of_p_values(table_of_tests())),
        "false_alarms": (draw.false_alarms(ALARMS), sentences_clusters.alt_of_alarms(alarms)),
        "spread": (draw.spread(SPREAD), sentences_clusters.alt_of_spread(SPREAD)),
    }


def test_no_text_leaves_the_figure_and_all_can_be_read(drawn, texts_of):
    for name, ((figure, behind), _) in drawn.items():
        assert len(behind) > 0
        assert 7 <= figure.get_figwidth() <= 7.5
        low, high = figure.bbox.min - 2, figure.bbox.max + 2
        for text in texts_of(figure):
            box = text.get_window_extent()
            assert text.get_fontsize() >= 7
            assert (box.min >= low).all(), f"{name}: {text.get_text()!r} is cut"
            assert (box.max <= high).all(), f"{name}: {text.get_text()!r} is cut"


def test_every_alternative_text_is_of_a_good_length_and_says_a_number(drawn):
    for name, (_, alt) in drawn.items():
        assert figures.check_alt(name, alt) == alt
        assert any(sign.isdigit() for sign in alt), name


def test_few_genes_are_named_in_a_legend_and_few_random_sets_are_drawn_one_by_one(drawn):
    (few, _), _ = drawn["few_ranks"]
    (sets, _), _ = drawn["few_sets"]

    assert len(few.legends[0].get_texts()) == 8
    assert "its random sets" in [text.get_text() for text in sets.legends[0].get_texts()]


def test_both_nulls_share_their_axis_and_say_what_is_clustered(drawn):
    (figure, _), _ = drawn["two_nulls"]
    above, below = figure.axes

    assert above.get_xlim() == below.get_xlim()
    assert "20 genes" in above.get_title(loc="left")
    assert "30 genes" in below.get_title(loc="left")


def test_methods_that_tie_are_counted_and_not_named():
    table = pd.DataFrame({"method": METHODS, "markers_found": [0.5, 1, 1]})

    said = sentences_genes.alt_of_markers(table)

    assert "100% for 2 methods" in said
    assert f"50% for {METHODS[0]}" in said


@pytest.mark.parametrize(
    ("n_null", "beaten"), [(10, "1 of 3 sets lie above all 10"), (99, "2 of 3 sets lie above 95 %")]
)
def test_with_few_random_sets_a_set_has_to_beat_them_all(n_null, beaten):
    null = np.linspace(0.3, 0.5, n_null)
    v = [0.6, 0.4955, 0.2]
    p = [(1 + (null >= one).sum()) / (1 + n_null) for one in v]
    table = pd.DataFrame({"method": [*METHODS, "all genes"], "v": [*v, 0.5], "p": [*p, np.nan]})

    assert beaten in sentences_clusters.alt_of_sets(table, dict.fromkeys(METHODS, null))


def test_the_caption_of_sizes_names_the_numbers_of_clusters_that_there_are():
    table = pd.DataFrame({"n_clusters": [8, 29, 8]})

    assert "for 8 (one a tissue) and 29 clusters" in sentences_clusters.caption_of_sizes(table, 8)
    assert "29" not in sentences_clusters.caption_of_sizes(table[table["n_clusters"] == 8], 8)


def test_the_walk_starts_with_new_genes_only_and_ends_with_one_in_as_many_as_there_are_tissues(drawn):
    behind = drawn["union_walk"][0][1]

    for _, rows in behind.groupby("method"):
        assert rows["distinct"].iloc[-1] == pytest.approx(1 / N_TISSUES)
    random = behind[behind["method"] == "random rankings"]
    assert random["distinct"].iloc[0] == pytest.approx(1, abs=0.02)


def test_the_bar_of_a_set_is_the_middle_of_its_random_sets(drawn, compared):
    behind, nulls = drawn["v_by_set"][0][1].set_index("method"), compared[1]

    for name in METHODS:
        assert behind.loc[name, "low"] == pytest.approx(np.percentile(nulls[name], 2.5))


def test_the_curve_of_false_alarms_is_the_share_below_each_level(drawn):
    behind = drawn["false_alarms"][0][1].set_index(["test", "level"])["share"]

    assert behind["published", 0.05] == pytest.approx((ALARMS["published"] <= 0.05).mean())
    assert behind["permutation", 1.0] == 1


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: draw.marker_ranks(pd.DataFrame(columns=["method", "rank", "share"])), "no marker"),
        (lambda: draw.agreement(pd.DataFrame(columns=["method", "differs", "jaccard"])), "two by two"),
        (lambda: draw.by_size(pd.DataFrame()), "nothing to draw"),
    ],
    ids=["markers", "agreement", "sizes"],
)
def test_nothing_to_draw_is_said(call, match):
    with pytest.raises(DataError, match=match):
        call()
