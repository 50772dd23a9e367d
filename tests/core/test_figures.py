"""One look, one way to write: equal data give equal bytes, and nobody gets a figure without words."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reread.core import figures
from reread.core.errors import ParameterError

ALT = "Line chart of plant height against days: it doubles within ten days."
DRAW = """
import sys
from pathlib import Path
import numpy as np, pandas as pd
from reread.core import figures
figure, axes = figures.new()
x = np.linspace(0, 3, 50)
axes.plot(x, np.sin(x), label="sine")
axes.fill_between(x, 0, np.sin(x), alpha=0.3, clip_on=True)
axes.set_title("Heights"); axes.legend()
figures.save(figure, pd.DataFrame({"x": x, "sin": np.sin(x)}), Path(sys.argv[1]), "heights")
"""


@pytest.fixture
def drawn():
    figure, axes = figures.new(width_in=3, height_in=2)
    axes.plot([1, 2, 3, 4], marker="o")
    return figure, pd.DataFrame({"day": [1, 2, 3, 4]})


def test_a_figure_is_saved_as_vector_picture_and_data(drawn, tmp_path):
    figures.save(*drawn, tmp_path / "figures", "heights")

    assert sorted(p.name for p in (tmp_path / "figures").iterdir()) == [
        "heights.csv",
        "heights.png",
        "heights.svg",
    ]
    assert (tmp_path / "figures/heights.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "figures/heights.csv").read_text() == "day\n1\n2\n3\n4\n"


def test_two_processes_write_equal_bytes(tmp_path):
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", DRAW, tmp_path / seed], env=env, check=True)

    for name in ("heights.svg", "heights.png", "heights.csv"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name


def test_pictures_hold_no_date_and_no_version(drawn, tmp_path):
    figures.save(*drawn, tmp_path, "heights")

    assert b"<dc:date>" not in (tmp_path / "heights.svg").read_bytes()
    assert b"matplotlib" not in (tmp_path / "heights.png").read_bytes().lower()


def test_a_figure_is_opaque_so_that_dark_pages_show_it(drawn, tmp_path):
    from matplotlib.image import imread

    figures.save(*drawn, tmp_path, "heights")

    pixels = imread(tmp_path / "heights.png")
    assert pixels[0, 0].tolist()[:3] == [1.0, 1.0, 1.0]
    assert pixels.shape[2] == 3 or pixels[..., 3].min() == 1.0


def test_figures_leave_no_state_behind(drawn):
    """Pyplot keeps every figure until it is closed: a long notebook would run out of memory."""
    from matplotlib import _pylab_helpers, rcParams

    assert _pylab_helpers.Gcf.figs == {}
    assert rcParams["axes.spines.top"] is True, "the look must not leak into a reader's own figures"


def test_axes_come_by_row_and_column():
    _, axes = figures.new(nrows=2, ncols=3)

    assert axes.shape == (2, 3)


def test_colours_and_markers_are_told_apart_two_by_two():
    """Distances after the common colour blindness, deuteranopia (Viénot, Brettel and Mollon 1999)."""
    rgb = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in figures.PALETTE])
    matrix = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])
    seen = (rgb**2.2) @ matrix.T

    assert len(figures.PALETTE) == len(set(figures.PALETTE)) == len(set(figures.MARKERS))
    for first, second in combinations(range(len(seen)), 2):
        assert np.linalg.norm(seen[first] - seen[second]) > 0.05, (
            figures.PALETTE[first],
            figures.PALETTE[second],
        )


def test_a_table_keeps_ten_digits_and_names_its_rows_only_if_they_have_names(tmp_path):
    numbers = pd.DataFrame({"way": ["a", "b"], "value": [1 / 3, np.nan]})
    figures.save_table(numbers, tmp_path / "plain.csv")
    figures.save_table(numbers.set_index("way"), tmp_path / "named.csv")

    assert (tmp_path / "plain.csv").read_text() == "way,value\na,0.3333333333\nb,\n"
    assert (tmp_path / "named.csv").read_text() == (tmp_path / "plain.csv").read_text()


def test_a_table_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def fail(self, path, **_):
        Path(path).write_text("half")
        raise OSError("no space")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)

    with pytest.raises(OSError, match="no space"):
        figures.save_table(pd.DataFrame({"a": [1]}), tmp_path / "a.csv")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("n", [40, 41, 249, 250])
def test_alt_text_within_its_bounds_is_taken(n):
    assert figures.check_alt("heights", "x" * n) == "x" * n


@pytest.mark.parametrize("n", [0, 1, 39, 251])
def test_alt_text_out_of_its_bounds_is_refused_by_name_and_length(n):
    with pytest.raises(ParameterError, match=f"figure heights has {n} characters"):
        figures.check_alt("heights", "x" * n)


def test_alt_text_is_one_line_and_spaces_do_not_lengthen_it():
    assert figures.check_alt("heights", f"  {ALT} ".replace(" against", "\n   against")) == ALT
    with pytest.raises(ParameterError, match="has 1 characters"):
        figures.check_alt("heights", "x" + " " * 60)


def test_the_directive_has_name_alt_caption_and_three_downloads():
    assert figures.directive("heights", "demo-maize-heights", "Heights by day.", ALT) == (
        f"```{{figure}} figures/heights.svg\n:name: demo-maize-heights\n:alt: {ALT}\n:width: 100%\n\n"
        "Heights by day.\n```\n\n"
        "{download}`data (CSV) <figures/heights.csv>` · {download}`SVG <figures/heights.svg>` · "
        "{download}`PNG <figures/heights.png>`\n"
    )


def table(**columns) -> list[list[str]]:
    """Cells of the table as written, head first."""
    text = figures.table_text(pd.DataFrame(columns), "counted", "label", "Counts.")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in (rows[0], *rows[2:])]


def test_a_table_has_its_label_caption_and_download():
    data = pd.DataFrame({"way_of_counting": ["sum"], "n": [3]})

    assert figures.table_text(data, "counted", "demo-maize-counted", "Counts\nof plants.") == (
        "```{table} Counts of plants.\n:name: demo-maize-counted\n:widths: auto\n\n"
        "| way of counting | n |\n| --- | ---: |\n| sum | 3 |\n```\n\n"
        "{download}`data (CSV) <tables/counted.csv>`\n"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.12345, "0.123"),
        (np.float32(0.5), "0.500"),
        (12, "12"),
        (0.0, "0.000"),
        (0.0004, "4.0e-04"),
        (-1e-9, "-1.0e-09"),
        (0.0006, "0.001"),
        (np.nan, "–"),
        (None, "–"),
        (pd.NA, "–"),
        (True, "yes"),
        (np.bool_(False), "no"),
        ("a\nb", "a b"),
    ],
)
def test_a_cell_is_shown_as_a_reader_wants_it(value, shown):
    column = pd.Series([value, "word"], dtype=object)

    assert table(value=column)[1] == [shown]


def test_a_bar_in_a_word_or_a_head_does_not_make_a_column():
    text = figures.table_text(pd.DataFrame({"a|b": ["c|d"]}), "counted", "label", "Counts.")

    assert "| a\\|b |" in text
    assert "| c\\|d |" in text


def test_rows_that_have_names_show_them():
    data = pd.DataFrame({"n": [3]}, index=pd.Index(["sum"], name="way"))

    assert "| way | n |" in figures.table_text(data, "counted", "label", "Counts.")
    assert "| sum | 3 |" in figures.table_text(data, "counted", "label", "Counts.")


def test_ranks_and_counts_are_shown_without_places_even_where_one_is_missing():
    data = pd.DataFrame({"rank": [3.0, np.nan, 12.0], "share": [1.0, 0.0, 1.0], "score": [2.0, 2.5, 1.0]})

    rows = figures.table_text(data, "a", "b", "c").splitlines()[6:9]

    assert rows == ["| 3 | 1.000 | 2.000 |", "| – | 0.000 | 2.500 |", "| 12 | 1.000 | 1.000 |"]
