from __future__ import annotations

import numpy as np
import pytest
from reread.core import figures
from reread.maize import chapters as draw
from reread.maize.chapters import sentences_data
from reread.maize.data.image import to_image
from reread.maize.data.simulate import Design, simulate
from reread.maize.data.splits import split
from reread.maize.data.transform import log_published
from reread.maize.methods import leakage


@pytest.fixture(scope="module")
def crossed():
    return simulate(seed=1)


def ladder(data, n_folds=2):
    return [one for kind in ("random", "replicate", "group") for one in split(data, kind, n_folds=n_folds)]


def test_the_two_components_are_those_of_a_singular_value_decomposition(small):
    from reread.maize.chapters.ch01_expression import two_components

    centred = small.values.astype(float) - small.values.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)

    assert np.abs(two_components(centred)) == pytest.approx(np.abs(u[:, :2] * s[:2]), abs=1e-5)


def test_twelve_tissues_have_twelve_pairs_of_colour_and_marker():
    figure, table = draw.samples(simulate(Design(n_tissues=12, n_studies=1, n_replicates=1, n_genes=400)))

    drawn = figure.axes[0].collections
    pairs = {(str(one.get_facecolor()), one.get_paths()[0].vertices.tobytes()) for one in drawn}
    assert len(pairs) == len(drawn) == table["tissue"].nunique() == 12


def test_both_histograms_count_every_value(crossed):
    _, table = draw.transforms(crossed)

    assert table.groupby("transform")["share"].sum().tolist() == pytest.approx([1, 1])


def test_the_layout_says_which_pixels_are_padding(small):
    image = to_image(log_published(small.values))[0, :, :, 0]

    _, table = draw.layout([image, image], ["one", "other"], 3)
    assert table["is_padding"].tolist() == [False, False, False, True]
    assert table["one"].to_numpy() == pytest.approx(image.ravel())


def test_a_full_image_has_no_padding_to_hatch(small):
    figure, table = draw.layout([np.ones((2, 2))], ["one"], 4)

    assert not table["is_padding"].any()
    assert not figure.axes[0].patches


def test_hold_outs_mark_what_can_never_be_tested(small):
    _, table = draw.hold_outs(small, ladder(small))

    group = table[table["kind"] == "group"]
    assert set(group["tissue"][group["part"] == "never held out"]) == {"silk", "lone"}
    assert (table[table["kind"] == "random"]["part"] != "never held out").all()
    fold = ladder(small)[0]
    tested = table[(table["fold"] == fold.name) & (table["part"] == "test")]["sample"]
    assert sorted(tested) == [small.samples[i] for i in fold.test]


def test_neighbours_say_what_the_nearest_sample_is(small):
    near = leakage.all_nearest(small, ladder(small))

    _, table = draw.neighbours(near)
    assert (table["nearest_is"] == "a replicate").sum() == near["is_replicate"].sum()
    assert (table["nearest_is"] == "another tissue").sum() == (~near["has_tissue"]).sum()


@pytest.mark.parametrize("name", ["small", "crossed"])
def test_alternative_texts_have_the_length_they_need(name, request):
    data = request.getfixturevalue(name)

    texts = [
        sentences_data.alt_of_samples(draw.samples(data)[1]),
        sentences_data.alt_of_transforms(draw.transforms(data)[1]),
        sentences_data.alt_of_layout(21_111, 146),
        sentences_data.alt_of_hold_outs(draw.hold_outs(data, ladder(data))[1]),
        sentences_data.alt_of_neighbours(leakage.all_nearest(data, ladder(data))),
    ]
    assert [figures.check_alt("figure", text) for text in texts] == texts


def test_the_text_of_the_strips_says_what_the_table_holds(small):
    near = leakage.all_nearest(small, ladder(small))

    group = near[near["kind"] == "group"]
    said = f"group {group['is_replicate'].mean():.0%} (mean r {group['r'].mean():.3f})"
    assert said in sentences_data.alt_of_neighbours(near)


def test_equal_data_give_equal_bytes(small, tmp_path):
    near = leakage.all_nearest(small, ladder(small))
    for folder in ("one", "other"):
        figures.save(*draw.neighbours(near), tmp_path / folder, "figure")

    assert (tmp_path / "one/figure.svg").read_bytes() == (tmp_path / "other/figure.svg").read_bytes()
