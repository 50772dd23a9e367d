"""What a notebook can get wrong, and what its surroundings can."""

from __future__ import annotations

import numpy as np
import pytest
from reread import chapter
from reread.core.errors import DataError, ParameterError

FINE = {"n": 5, "rate": 0.5, "is_wet": True, "seed": 0}


@pytest.fixture
def surroundings(tiny, monkeypatch):
    """Set what a runner would have set."""

    def put(**names: str) -> None:
        for name, value in names.items():
            monkeypatch.setenv(f"REREAD_{name}", value)

    return put


@pytest.fixture
def page(tiny, monkeypatch) -> chapter.Page:
    monkeypatch.setattr(chapter.show, "glue", lambda *_: None)
    return chapter.open_page("maize/01-cells", FINE)


@pytest.mark.parametrize("value", [np.int64(5), {5}, print, b"5"], ids=["numpy", "set", "function", "bytes"])
def test_a_parameter_of_any_kind_is_named_as_it_came_and_never_taken_for_missing(tiny, value):
    with pytest.raises(ParameterError, match=r"n must be a whole number of at least 1.* but came as"):
        chapter.open_page("maize/01-cells", FINE | {"n": value})


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ({"PROFILE": "dmo"}, "REREAD_PROFILE names no profile: 'dmo'. Did you mean 'demo'?"),
        ({"PAGE": "long"}, "REREAD_PAGE names no page: 'long'. None is known."),
    ],
)
def test_a_page_that_the_record_does_not_know_is_refused(surroundings, names, says):
    surroundings(**names)

    with pytest.raises(ParameterError) as error:
        chapter.open_page("maize/01-cells", FINE)

    assert str(error.value) == says


def test_empty_words_of_the_runner_are_no_words(surroundings, tiny):
    surroundings(PROFILE="", PAGE="", RUN="")

    page = chapter.open_page("maize/01-cells", FINE)

    assert (page.ref.profile, page.ref.page, page.is_published) == ("demo", "", False)
    assert page.folder.parent == tiny / "runs/scratch/maize/01-cells"


@pytest.mark.parametrize("key", ["", " ", "a b", "a::b", "a.", ".a", "a..b", "ρ", "a\n", 3, None])
def test_a_key_that_prose_could_not_quote_is_refused(page, key):
    with pytest.raises(ParameterError, match=r"a key like auroc\.pair\.spearman, not"):
        page.measure(key, 1.0)

    assert page.values == {}


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "a/../../x", "../artifacts-of-another/x"])
def test_an_artifact_stays_in_its_folder(page, name):
    with pytest.raises(ParameterError, match="does not stay in the artifacts"):
        page.artifact(name)

    assert not page.folder.joinpath("artifacts").exists()


def test_an_artifact_may_lie_deeper(page):
    path = page.artifact("a/b/c.csv")

    assert path == page.folder / "artifacts/a/b/c.csv"
    assert path.parent.is_dir()


def test_an_artifact_that_upstream_did_not_leave_is_named_with_the_nearest(tmp_path):
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts/edges.csv").touch()
    upstream = chapter.Upstream("", tmp_path, {})

    with pytest.raises(DataError, match=r"left no artifact 'edge\.csv'\. Did you mean 'edges\.csv'"):
        upstream.artifact("edge.csv")
