"""The style of figures and the files that they are saved as."""

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


def test_a_saved_figure_leaves_no_state_behind(drawn, tmp_path):
    """Pyplot keeps every figure until it is closed: a long notebook would run out of memory."""
    from matplotlib import _pylab_helpers, rcParams

    figures.save(*drawn, tmp_path, "heights")

    assert _pylab_helpers.Gcf.figs == {}
    assert rcParams["axes.spines.top"] is True, "the style must not change a reader's own figures"


def test_the_style_holds_for_what_is_drawn_after_the_figure_was_opened():
    """A context that ends inside ``new`` leaves ticks, legends and texts in the style of matplotlib."""
    _, axes = figures.new()
    axes.plot([1, 2], label="line")
    legend = axes.legend()
    axes.set_title("Title")

    assert not legend.get_frame_on()
    assert axes.xaxis.get_gridlines()[0].get_color() == figures.STYLE["grid.color"]
    assert axes.get_title(loc="left") == "Title"


def test_a_matplotlibrc_of_the_user_changes_no_figure(monkeypatch):
    import matplotlib

    with matplotlib.rc_context({"lines.linewidth": 9, "axes.facecolor": "black"}):
        _, axes = figures.new()
        (line,) = axes.plot([1, 2])

        assert line.get_linewidth() < 3
        assert axes.get_facecolor()[:3] == (1.0, 1.0, 1.0)


def test_text_stays_text_in_the_svg_with_families_to_fall_back_on(drawn, tmp_path):
    figure, _ = drawn
    figure.axes[0].set_title("Heights & <b>days</b>")
    figures.save(*drawn, tmp_path, "heights")

    svg = (tmp_path / "heights.svg").read_text()
    assert ">Heights &amp; &lt;b&gt;days&lt;/b&gt;</text>" in svg
    assert "sans-serif" in svg
    assert "@font-face" not in svg


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
