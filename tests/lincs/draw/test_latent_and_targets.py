"""Figures of chapters 04 to 06: texts stay inside and apart, tables are what is drawn, words are computed."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from reread.core import figures
from reread.lincs import chapters as draw
from reread.lincs.chapters import ch04_latent_space as latent_figures
from reread.lincs.chapters import sentences_latent as say_latent
from reread.lincs.chapters import sentences_targets as say_targets
from reread.lincs.data import simulate
from reread.lincs.methods import classification as classify
from reread.lincs.methods import drug_query as handle
from reread.lincs.methods import latent_space as latent
from reread.lincs.methods import retrieval
from reread.lincs.methods import two_sample_tests as generation


@pytest.fixture(scope="module")
def world():
    return simulate.simulate(n_genes=50, n_per_family=2, n_drugs=3, n_knockdowns=20, n_hairpins=2)


@pytest.fixture(scope="module")
def drugs(world):
    return world.take((world.meta["kind"] == "drug").to_numpy())


@pytest.fixture(scope="module")
def cv(drugs):
    pcl, names = drugs.meta["pcl"].to_numpy(str), drugs.meta["pert_name"].to_numpy(str)
    return classify.compare(
        {"raw": drugs.values, "pca": drugs.values[:, :9]}, pcl, names, ["logistic", "ridge"], n_folds=3
    )


@pytest.fixture(scope="module")
def null(drugs):
    pcl, names = drugs.meta["pcl"].to_numpy(str), drugs.meta["pert_name"].to_numpy(str)
    fold = classify.folds(pcl, names, n_folds=3)
    return classify.null_of_folds(drugs.values, pcl, names, fold, n_permutations=19)


@pytest.fixture(scope="module")
def tests():
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(40, 12)), rng.normal(size=(44, 12))
    pairs = {"real, random halves": (one, two), "VAE": (one, two + 1), "VAE with noise": (one, 2 * two)}
    return generation.calibrated(pairs, n_permutations=19)


@pytest.fixture(scope="module")
def retrieved(world):
    layers = {"raw": world.values, "pca": world.values[:, :9]}
    return retrieval.by_representation(layers, world, "knockdown", world.truth.targets, n_permutations=19)


@pytest.fixture(scope="module")
def asked(world):
    return handle.look_up(world, world.values, ["A1-d1", "B2-d3"], ["KD001", "KD002"], n_permutations=99)


@pytest.fixture(scope="module")
def drawn(world, drugs, cv, null, tests, retrieved, asked):
    pcl = drugs.meta["pcl"].to_numpy(str)
    # the longest names that the real data have
    long = dict(
        zip(
            np.unique(pcl),
            [
                "CP_DNA_DEPENDENT_PROTEIN_KINASE_INHIBITOR",
                "CP_GLYCOGEN_SYNTHASE_KINASE_INHIBITOR",
                "CP_MEK_INHIBITOR",
                "CP_RAF_INHIBITOR",
                "CP_HSP_INHIBITOR",
                "CP_CDK_INHIBITOR",
            ],
            strict=True,
        )
    )
    pcl = np.array([long[name] for name in pcl])
    means = latent.by_class(drugs.values, pcl).iloc[:, :7]
    (places,), explained = latent.flat_map(drugs.values)
    scores = retrieval.score_against(world.values, world.meta, "knockdown")
    found = retrieval.retrieve(scores, world.truth.targets)
    group = retrieval.groups_of(world)
    kinds = dict(zip(world.truth.pcls, world.truth.strength, strict=True))
    return {
        "generated": draw.real_against_generated(
            drugs.values, {"VAE": drugs.values[:50], "Gaussian": 2 * drugs.values}
        ),
        "tests": draw.told_apart(tests),
        "nodes": draw.node_means(means, latent.class_tree(means)[1]),
        "many nodes": draw.node_means(pd.concat([means] * 8, axis=1), list(means.index)),
        "map": draw.latent_map(places, pcl, explained),
        "tree": draw.class_tree(means),
        "gap": draw.split_gap(cv, 0.3),
        "recalls": draw.recalls(null, kinds),
        "recalls of real classes": draw.recalls(null, {}),
        "retrieved": draw.retrieved(retrieved),
        "ranks": draw.target_ranks(found, group),
        "ranks of real drugs": draw.target_ranks(found, {}),
        "handle ranks": draw.handle_ranks(asked),
        "handle names": draw.handle_names(asked, 6),
    }


def test_every_figure_comes_with_the_table_behind_it_and_is_seven_inches_wide(drawn, texts_of):
    for name, (figure, behind) in drawn.items():
        assert isinstance(behind, pd.DataFrame), name
        assert len(behind) > 0, name
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


def test_labels_of_one_axis_do_not_overlap(drawn, texts_of):
    for name, (figure, _) in drawn.items():
        texts_of(figure)
        for axes in figure.axes:
            for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
                boxes = [one.get_window_extent() for one in labels if one.get_visible() and one.get_text()]
                for one, other in pairwise(boxes):
                    assert not one.overlaps(other), f"{name}: labels overlap"


def test_equal_data_give_equal_pictures(tests):
    one, two = BytesIO(), BytesIO()
    for stream in (one, two):
        draw.told_apart(tests)[0].savefig(stream, format="png", metadata={"Software": None})

    assert one.getvalue() == two.getvalue()


def test_classes_and_drugs_are_ordered_by_what_was_planted(drawn):
    recalls, ranks = drawn["recalls"][1], drawn["ranks"][1]

    assert recalls["group"].tolist() == ["strong"] * 3 + ["weak"] + ["inert"] * 2
    assert recalls.loc[recalls["group"] == "strong", "accuracy"].is_monotonic_decreasing
    assert ranks.loc[ranks["group"] == "strong", "rank"].is_monotonic_increasing
    assert set(drawn["ranks of real drugs"][1]["group"]) == {"all"}


def test_the_tree_shows_the_distances_of_its_classes(drawn, drugs):
    distance = drawn["tree"][1]

    assert (np.diag(distance) == 0).all()
    assert distance.index.tolist() == distance.columns.tolist()


ALTS = {
    "generated": say_latent.alt_of_generated,
    "tests": say_latent.alt_of_tests,
    "nodes": say_latent.alt_of_nodes,
    "map": say_latent.alt_of_map,
    "tree": say_latent.alt_of_tree,
    "gap": say_targets.alt_of_leak,
    "recalls": say_targets.alt_of_recalls,
    "retrieved": say_targets.alt_of_retrieved,
    "ranks": say_targets.alt_of_ranks,
    "handle names": say_targets.alt_of_names,
}


@pytest.mark.parametrize("name", ALTS)
def test_alternative_texts_fit(drawn, name):
    figures.check_alt(name, ALTS[name](drawn[name][1]))


def test_alternative_texts_say_what_the_tables_say(drawn, asked, tests, null):
    assert f"VAE {tests['c2st'][1]:.2f}" in say_latent.alt_of_tests(tests)
    assert f"{len(null) - 1} lie above" in say_targets.alt_of_recalls(drawn["recalls"][1])
    first = asked.summary.iloc[0]
    figures.check_alt("handle", say_targets.alt_of_handle(asked))
    assert f"A1-d1 {first['mean_rank'] + 1:.0f}, random order" in say_targets.alt_of_handle(asked)


def test_as_many_generated_as_real_signatures_are_drawn(drawn):
    counts = drawn["generated"][1].groupby(["panel", "kind"]).size()

    assert counts.nunique() == 1
    assert counts.iloc[0] == 50


def test_names_on_the_map_do_not_lie_on_each_other():
    places = np.array([[0.0, 0], [0.01, 0], [1, 1], [-1, -1]])

    shown = latent_figures._standing_apart(places, np.array(list("abcd")), list("abcd"))

    assert {"c", "d"} < set(shown)
    assert len(shown) == 3
