from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest
from reread.core.errors import ParameterError
from reread.core.wide_tables import show_columns


@pytest.fixture
def page(tmp_path):
    shown = []
    return SimpleNamespace(folder=tmp_path, shown=shown, table=lambda data, name, **more: shown.append(data))


TABLE = pd.DataFrame({"pcl": ["CP_A", "CP_B"], "n": [3, 4], "p": [0.5, 0.1]})


def test_the_page_has_the_columns_asked_for_and_the_file_has_all(page):
    show_columns(page, TABLE, "few", {"p": "p", "pcl": "class"}, words=str.lower, caption="")

    assert page.shown[0].to_dict("list") == {"p": [0.5, 0.1], "class": ["cp_a", "cp_b"]}
    pd.testing.assert_frame_equal(pd.read_csv(page.folder / "tables/few.csv"), TABLE)


def test_a_column_that_is_not_there_is_named(page):
    with pytest.raises(ParameterError, match="few has no column 'pcls'"):
        show_columns(page, TABLE, "few", {"pcls": "class"}, caption="")

    assert page.shown == []
