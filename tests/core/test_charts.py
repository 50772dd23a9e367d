"""The eight charts: their table, alt text, bytes, second cue, and what constant data give."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from reread.core import charts, figures
from reread.core.errors import ParameterError
from reread.core.figures import Drawn

METHODS = ("one-hot names, logistic", "$x$ and $\\nope$", "CNN <b>x</b>")
SPLITS = ("pair", "both")


def scored(n_folds: int = 1) -> pd.DataFrame:
    """Rows (method, split, fold) with a value, an interval, a null band and a word."""
    rng = np.random.default_rng(3)
    rows = [(m, s, fold) for m in METHODS for s in SPLITS for fold in range(n_folds)]
    table = pd.DataFrame(rows, columns=["method", "split", "fold"])
    table["auroc"] = rng.uniform(0.5, 0.9, len(table)).round(3)
    ends = {"low": table["auroc"] - 0.05, "high": table["auroc"] + 0.05, "null_low": 0.45, "null_high": 0.55}
    return table.assign(**ends, note="n 5")


def trained() -> pd.DataFrame:
    """Rows (split, epoch) with a falling loss."""
    epoch = np.tile(np.arange(1, 8), 2)
    split = np.repeat(SPLITS, 7)
    return pd.DataFrame({"split": split, "epoch": epoch, "loss": 1 / epoch + (split == "both"), "n": epoch})


def points() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return pd.DataFrame({"pc1": rng.normal(size=60), "pc2": rng.normal(size=60), "tissue": list("abc") * 20})


def edges() -> pd.DataFrame:
    return pd.DataFrame(
        {"tf": ["T1", "T1", "T2"], "gene": ["G1", "G2", "T1"], "kind": ["known", "new", "known"]}
    )


def kinds() -> pd.DataFrame:
    return scored().assign(part=["train", "test"] * 3)


CHARTS: dict[str, Callable[[], Drawn]] = {
    "dots": lambda: charts.dots(scored(), "auroc", "method", hue="split", low="low", high="high",
                                band=("null_low", "null_high"), reference={"chance": 0.5}, text="note"),
    "dots-upright": lambda: charts.dots(scored(), "method", "auroc", hue="split", connect=True),
    "dots-repeats": lambda: charts.dots(scored(5), "auroc", "method", panel="split"),
    "dots-stems": lambda: charts.dots(scored(), "auroc", "method", panel="split", stem=True),
    "dots-column": lambda: charts.dots(scored(), "auroc", "method", panel="split", columns=1),
    "bars": lambda: charts.bars(scored(), "auroc", "method", hue="split"),
    "lines": lambda: charts.lines(trained(), "epoch", "loss", hue="split", log="xy"),
    "lines-settings": lambda: charts.lines(scored(3), "method", "auroc", shade={"good": (0.8, 0.9)}),
    "curves": lambda: charts.curves(trained(), "epoch", "loss", hue="split", size="n", diagonal=True),
    "scatter": lambda: charts.scatter(points(), "pc1", "pc2", hue="tissue", names=True, diagonal=True),
    "heatmap": lambda: charts.heatmap(scored(), "split", "method", "auroc"),
    "heatmap-kinds": lambda: charts.heatmap(kinds(), "split", "method", "part"),
    "histogram": lambda: charts.distributions(points(), "pc1", panel="tissue"),
    "strips": lambda: charts.distributions(points(), "pc1", by="tissue", reference="pc2"),
    "violins": lambda: charts.distributions(points().assign(all="all"), "pc1", by="all"),
    "network": lambda: charts.network(edges(), "tf", "gene", hue="kind"),
}  # fmt: skip
TELLS_HUES = ("dots", "dots-upright", "lines", "curves", "scatter", "network", "bars")


@pytest.fixture(scope="module", params=CHARTS)
def chart(request, tmp_path_factory) -> tuple[str, Drawn, str]:
    """Name of a chart, what it returned, and its SVG."""
    drawn, folder = CHARTS[request.param](), tmp_path_factory.mktemp("chart")
    figures.save(drawn.figure, drawn.table, folder, "drawn")
    return request.param, drawn, (folder / "drawn.svg").read_text()


def test_the_alt_text_is_computed_and_within_its_bounds(chart):
    _, drawn, _ = chart

    assert figures.check_alt("drawn", drawn.alt) == drawn.alt
    kinds = "Dot plot|Bar chart|Line chart|Curve|Scatter plot|Heat map|Histogram|Strip plot|Network"
    assert re.match(f"({kinds}) of ", drawn.alt)


def test_the_table_behind_the_chart_has_every_row(chart):
    name, drawn, _ = chart

    assert len(drawn.table) > 0
    assert isinstance(drawn.table.index, pd.RangeIndex)
    assert ("x_target" in drawn.table) == (name == "network")


def test_a_chart_is_one_page_wide(chart):
    assert chart[1].figure.get_size_inches()[0] == figures.WIDTH


def test_text_is_text_in_the_svg_and_none_of_it_is_markup(chart):
    name, _, svg = chart

    assert "<text" in svg
    assert "<b>" not in svg
    if name in ("dots", "heatmap", "bars"):
        assert ">$x$ and $\\nope$</text>" in svg, "mathematics is not read in a name"
    if name in ("dots", "heatmap", "bars"):
        assert "CNN &lt;b&gt;x&lt;/b&gt;" in svg


def test_the_second_drawing_has_equal_bytes(chart, tmp_path):
    name, _, svg = chart
    drawn = CHARTS[name]()
    figures.save(drawn.figure, drawn.table, tmp_path, "drawn")

    assert (tmp_path / "drawn.svg").read_text() == svg


@pytest.mark.parametrize("name", TELLS_HUES)
def test_hues_are_told_by_a_second_cue_beside_colour(name):
    axes = CHARTS[name]().figure.axes[0]
    handles, _ = axes.get_legend_handles_labels()
    marks = [
        *axes.get_lines(),
        *(h for h in handles if hasattr(h, "get_paths")),
        *getattr(axes, "patches", ()),
    ]
    cues = {cue(mark) for mark in marks}

    assert len(cues) > 1


def cue(mark: object) -> object:
    """Line style and marker, hatching, or the outline of the marker."""
    if hasattr(mark, "get_linestyle") and hasattr(mark, "get_marker"):
        return mark.get_linestyle(), mark.get_marker()
    if hasattr(mark, "get_hatch") and mark.get_hatch():
        return mark.get_hatch()
    return len(mark.get_paths()[0].vertices) if hasattr(mark, "get_paths") else ""


CONSTANT: dict[str, Callable[[pd.DataFrame], Drawn]] = {
    "dots": lambda t: charts.dots(t, "v", "m"),
    "bars": lambda t: charts.bars(t, "v", "m"),
    "lines": lambda t: charts.lines(t, "at", "v"),
    "curves": lambda t: charts.curves(t, "at", "v"),
    "scatter": lambda t: charts.scatter(t, "same", "v"),
    "heatmap": lambda t: charts.heatmap(t, "at", "m", "v"),
    "distributions": lambda t: charts.distributions(t, "v"),
}


@pytest.mark.parametrize("draw", CONSTANT.values(), ids=CONSTANT)
@pytest.mark.parametrize(
    ("values", "said"),
    [([1.0, 1.0], "all 2 values of v are 1."), ([0.25], "one value of v is 0.25."),
     ([np.nan], "there is no value of v."), ([], "there is no value of v.")],
)  # fmt: skip
def test_constant_or_empty_data_are_a_sentence_in_place_of_a_figure(draw, values, said):
    table = pd.DataFrame(
        {"v": np.array(values, dtype=float), "m": pd.Series(list("ab")[: len(values)], dtype=object)}
    )
    table = table.assign(at=np.arange(len(table), dtype=float), same=0.0)

    drawn = draw(table)

    assert drawn.figure is None
    assert drawn.alt == "No figure is drawn: " + said


def test_a_constant_value_inside_a_band_that_varies_is_drawn():
    table = pd.DataFrame({"m": ["a", "b"], "v": [1.0, 1.0], "low": [0.2, 0.3], "high": [0.4, 0.9]})

    assert charts.dots(table, "v", "m", band=("low", "high")).figure is not None


def test_a_column_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(ParameterError, match=r"dot plot has no column 'aurocc'\. Did you mean 'auroc'\?"):
        charts.dots(scored(), "aurocc", "method")
    with pytest.raises(ParameterError, match="must be a column of numbers"):
        charts.dots(scored(), "method", "split")
    with pytest.raises(TypeError, match="labl"):
        charts.dots(scored(), "auroc", "method", labl={})


def test_order_and_labels_hold_for_categories_and_hues():
    drawn = charts.dots(scored(), "auroc", "method", hue="split", order={"method": METHODS[::-1]},
                        labels={"pair": "pair split", "auroc": "AUROC"})  # fmt: skip
    axes = drawn.figure.axes[0]

    assert [text.get_text() for text in axes.get_yticklabels()] == list(METHODS[::-1])
    assert axes.get_xlabel() == "AUROC"
    assert axes.get_legend_handles_labels()[1] == ["pair split", "both"]


def test_panels_share_their_value_axis_so_that_they_can_be_compared():
    table = scored().assign(auroc=[0.1, 0.9] * 3)

    def ends(**look):
        return {
            axes.get_xlim()
            for axes in charts.dots(table, "auroc", "method", panel="split", **look).figure.axes
        }

    assert len(ends()) == 1
    assert len(ends(shared=False)) == 2


def test_the_density_on_a_logarithmic_axis_is_that_of_the_logarithms():
    table = pd.DataFrame({"rank": np.exp(np.random.default_rng(0).normal(5, 1, 400)), "all": "all"})
    drawn = charts.distributions(table, "rank", by="all", log="x")
    outline = drawn.figure.axes[0].collections[0].get_paths()[0].vertices

    assert 90 < outline[outline[:, 1].argmax(), 0] < 240, "widest near the median, 148"


def test_many_categories_and_long_names_stay_within_the_bounds_of_the_alt_text():
    names = ["a very long name of a method that goes on and on " * 3 + str(i) for i in range(40)]
    table = pd.DataFrame({"method": names, "v": np.arange(40.0)})

    for drawn in (charts.dots(table, "v", "method"), charts.lines(table, "v", "v", hue="method")):
        assert figures.check_alt("drawn", drawn.alt)


def test_a_network_keeps_sources_inside_and_places_follow_from_the_edges_alone():
    table = charts.network(edges().sample(frac=1, random_state=1), "tf", "gene").table.sort_values("gene")
    again = charts.network(edges(), "tf", "gene").table.sort_values("gene")
    columns = ["x_source", "y_source", "x_target", "y_target"]

    assert np.allclose(np.hypot(table["x_source"], table["y_source"]), 0.5)
    assert table[columns].to_numpy().tolist() == again[columns].to_numpy().tolist()


def test_the_category_axis_is_named_once_beside_panels_in_a_row():
    table = pd.DataFrame({"r": [0.1, 0.2, 0.3, 0.4], "method": ["a", "b"] * 2, "split": [*"xxyy"]})
    drawn = charts.dots(table, x="r", y="method", panel="split", columns=2, labels={"method": "method"})

    assert [axes.get_ylabel() for axes in drawn.figure.axes] == ["method", ""]


def test_the_alt_text_has_the_median_that_a_caption_has():
    table = pd.DataFrame({"rank": [1, 2, 30, 400], "method": "t"})

    assert "median 16, nine tenths" in charts.distributions(table, "rank", by="method").alt


def test_an_axis_with_an_empty_label_keeps_its_name_in_the_alt_text():
    table = pd.DataFrame({"recall": [0.1, 0.9], "scheme": ["a", "b"]})

    drawn = charts.dots(table, "recall", "scheme", labels={"scheme": ""})

    assert drawn.alt.startswith("Dot plot of recall by scheme, 2 values")
    assert drawn.figure.axes[0].get_ylabel() == ""


def test_lines_are_named_where_they_end():
    """On an axis whose limits are not those of a new figure, 0 to 1."""
    table = pd.DataFrame(
        {"x": [1, 2, 3] * 2, "y": [0.95, 0.92, 0.9, 1.2, 1.1, 1.0], "h": ["a"] * 3 + ["b"] * 3}
    )

    (axes,) = charts.lines(table, "x", "y", hue="h").figure.axes

    low, high = axes.get_ylim()
    ends = {"a": (0.9 - low) / (high - low), "b": (1.0 - low) / (high - low)}
    assert {text.get_text(): text.xy[1] for text in axes.texts} == pytest.approx(ends, abs=0.01)
