from __future__ import annotations

import pytest
from reread.core.data import registry
from reread.core.errors import ParameterError
from reread.pages import page, pages


def names(profile: str) -> list[str]:
    return [ref.name for ref in pages(profile)]


def limit_long_to_demo(root) -> None:
    path = root / "chapters/maize/study.yml"
    before = path.read_text()
    path.write_text(before.replace("title: the long way,", "title: the long way, profiles: [demo],"))
    assert path.read_text() != before


def test_pages_come_in_reading_order_one_for_each_set_of_parameters(tiny):
    assert names("demo") == ["maize/01-cells", "maize/02-genes.short", "maize/02-genes.long"]


def test_a_page_of_one_profile_is_in_no_other(tiny):
    limit_long_to_demo(tiny)

    assert names("real") == ["maize/01-cells", "maize/02-genes.short"]
    assert "maize/02-genes.long" in names("demo")


def test_a_page_may_be_left_out_of_the_name_where_there_is_only_one(tiny):
    limit_long_to_demo(tiny)

    assert page("maize/02-genes", "real").page == "short"
    with pytest.raises(ParameterError, match=r"several pages in demo; add one of: \.short, \.long"):
        page("maize/02-genes", "demo")
    with pytest.raises(ParameterError, match="no page 'long' in real"):
        page("maize/02-genes.long", "real")


@pytest.mark.parametrize(
    "name", ["", "maize", "maize/", "maize/02-gene", "/02-genes", "maize/02-genes.", "../maize"]
)
def test_what_is_no_page_is_refused(tiny, name):
    with pytest.raises(ParameterError):
        page(name)


def test_a_run_lies_under_profile_and_name(tiny):
    ref = page("maize/02-genes.long", "real")

    assert ref.folder == tiny / "runs/real/maize/02-genes.long"
    assert ref.notebook == tiny / "chapters/maize/02-genes.ipynb"
    assert ref.title == "Genes: the long way"


def test_a_page_sets_what_it_names_and_the_profile_the_rest(tiny):
    assert page("maize/02-genes.long").parameters == {"source": "planted", "ways": "mean sum"}
    assert page("maize/02-genes.short", "real").parameters == {"source": "field", "ways": "sum"}


def test_upstream_is_every_page_of_a_needed_chapter_in_the_same_profile(tiny):
    (up,) = page("maize/02-genes.long", "paper").upstream

    assert (up.name, up.profile) == ("maize/01-cells", "paper")
    assert page("maize/01-cells").upstream == []


def test_a_file_without_a_recorded_digest_makes_the_scope_own(tiny):
    ref = page("maize/02-genes.short", "real")
    read = {"key": "maize/plants", "sha256": registry.pinned("maize/plants"), "bytes": 5}

    assert ref.scope(used=[read]) == ref.scope() == "subset"
    assert ref.scope(used=[read, read | {"sha256": "0" * 64}]) == "own"
    assert ref.scope(used=[read | {"key": "maize/gone"}]) == "own"


def test_data_and_scope_follow_the_source_even_one_chosen_by_hand(tiny):
    ref = page("maize/02-genes.short")
    other = ref.parameters | {"source": "field"}

    assert (ref.datasets(), ref.scope()) == ((), "simulated")
    assert (ref.datasets(other), ref.scope(other)) == (("maize/plants",), "subset")
