"""The records of the studies: those of the book are right, and values come from page, profile, parameter."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from reread import studies
from reread.core import paths as places
from reread.core.data import registry
from reread.core.errors import ParameterError
from reread.studies import PROFILES, Claim, every, find

STUDIES = [study.key for study in every()]


def test_every_chapter_folder_of_the_book_is_a_study_in_its_order():
    folders = {path.parent.name for path in (places.root() / "chapters").glob("*/study.yml")}

    assert [key for key in places.STUDIES if key in folders] == STUDIES
    assert len(STUDIES) >= 1


@pytest.mark.parametrize("key", STUDIES)
def test_every_chapter_has_a_notebook_and_every_notebook_a_chapter(key):
    notebooks = {path.stem for path in (places.root() / "chapters" / key).glob("*.ipynb")}

    assert notebooks == {chapter.key for chapter in find(key).chapters}


@pytest.mark.parametrize("key", STUDIES)
def test_chapters_are_in_the_order_of_their_numbers(key):
    chapters = [chapter.key for chapter in find(key).chapters]

    assert chapters == sorted(chapters)


@pytest.mark.parametrize("key", STUDIES)
def test_every_page_has_values_that_fit_in_every_profile(key):
    for chapter in find(key).chapters:
        for profile in PROFILES:
            for page in chapter.pages or [""]:
                values = chapter.values(profile, page)
                assert chapter.fitting(values) == values
                assert list(values) == list(chapter.parameters)


@pytest.mark.parametrize("key", STUDIES)
def test_every_file_of_a_source_is_recorded(key):
    named = {name for source in find(key).sources.values() for name in source.datasets}

    assert {one for name in named for one in registry.matching([name])} <= registry.datasets().keys()


@pytest.mark.parametrize("key", STUDIES)
def test_demo_downloads_no_data(key):
    """The demo must run in a room without network."""
    study = find(key)
    for chapter in study.chapters:
        for page in [key for key, page in chapter.pages.items() if "demo" in page.profiles] or [""]:
            used = [study.sources[name] for name in chapter.sources(chapter.values("demo", page))]
            assert [name for source in used if source.scope != "simulated" for name in source.datasets] == []


@pytest.mark.parametrize("key", STUDIES)
def test_checks_are_made_on_simulated_pages_and_include_a_negative_control(key):
    study = find(key)
    for check in (check for check in study.checks if check.scope == "simulated"):
        chapter = study.chapter(check.answered_by.chapter)
        sources = chapter.sources(chapter.values("demo", check.answered_by.page))
        assert all(study.sources[name].scope == "simulated" for name in sources), check.id

    assert any(check.max is not None for check in study.checks), (
        "a control that comes out at chance has a maximum"
    )


@pytest.mark.parametrize("key", STUDIES)
def test_no_claim_of_a_paper_can_be_answered_by_simulated_data(key):
    assert [c.id for c in find(key).claims if c.made_by == "paper" and c.data_scope == "simulated"] == []


def test_a_value_of_the_page_comes_before_that_of_the_profile(tiny):
    chapter = find("maize").chapter("02-genes")

    assert chapter.values("demo") == {"source": "planted", "ways": "sum mean"}
    assert chapter.values("real") == {"source": "field", "ways": "sum"}
    assert chapter.values("real", "short") == chapter.values("real")
    assert chapter.values("real", "long") == {"source": "field", "ways": "mean sum"}


def test_a_page_may_set_a_value_in_one_profile_only(tiny):
    record = tiny / "chapters/maize/study.yml"
    record.write_text(record.read_text().replace("set: {ways: mean sum}", "set: {ways: {real: mean}}"))
    chapter = find("maize").chapter("02-genes")

    assert chapter.values("real", "long")["ways"] == "mean"
    assert chapter.values("demo", "long")["ways"] == "sum mean"


def test_a_study_or_chapter_that_is_not_there_is_refused_with_the_nearest(tiny):
    with pytest.raises(ParameterError, match=r"no study 'maise'\. Did you mean 'maize'"):
        find("maise")
    with pytest.raises(ParameterError, match=r"maize has no chapter '01-cell'\. Did you mean '01-cells'"):
        find("maize").chapter("01-cell")


@pytest.mark.parametrize("key", ["", "..", "../chapters/maize", "/etc", "maize/"])
def test_a_key_that_is_a_path_is_no_study(tiny, key):
    with pytest.raises(ParameterError):
        find(key)


RIGHT = {
    "id": "M1",
    "says": "plants grow",
    "kind": "value",
    "locator": "table 1",
    "published": {"metric": "sum", "value": 15},
    "answered_by": {"chapter": "01-cells", "key": "sum"},
    "protocol": "as published",
    "tolerance": {"rule": "absolute", "value": 0.5, "why": "counted"},
}


def test_a_claim_that_can_be_judged_is_taken():
    assert Claim.model_validate(RIGHT).data_scope == "subset", "simulated data must be asked for by name"
    assert (
        Claim.model_validate(
            {k: v for k, v in RIGHT.items() if k not in ("answered_by", "tolerance")}
            | {"blocked_by": "no data"}
        ).answered_by
        is None
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"published": {"metric": "sum"}}, "published needs a value, or why_null says why there is none"),
        ({"answered_by": None}, "needs answered_by and tolerance, or blocked_by"),
        ({"tolerance": None}, "needs answered_by and tolerance, or blocked_by"),
        (
            {"published": {"metric": "sum", "why_null": "none printed"}},
            "tolerance 'absolute' needs a published value",
        ),
        ({"protocol": "improved"}, "protocol"),
        ({"kind": "guess"}, "kind"),
        ({"tolerance": {"rule": "absolute", "value": 0.5}}, "tolerance.why"),
        ({"verdict": "reproduced"}, "verdict"),
        ({"data_scope": "own"}, "own data answer no claim"),
        ({"data_scope": "whole"}, "data_scope"),
        ({"quote": "word " * 26}, "a quote has at most 25 words, but this one has 26"),
        (
            {
                "published": {"metric": "sum", "value": 0},
                "tolerance": {"rule": "relative", "value": 0.1, "why": "w"},
            },
            "a relative tolerance around a published 0 allows nothing",
        ),
        (
            {"tolerance": {"rule": "above", "value": 0.5, "why": "w"}},
            "a value with a bound needs neutral",
        ),
    ],
)
def test_a_claim_that_nobody_could_judge_is_refused(change, says):
    with pytest.raises(ValidationError, match=says.replace("(", r"\(")):
        Claim.model_validate(RIGHT | change)


def test_the_words_of_profiles_and_scopes_are_in_their_order():
    assert PROFILES == ("demo", "real", "paper")
    assert studies.SCOPES == ("own", "simulated", "subset", "full")


def test_every_claim_of_the_book_has_words_of_its_maker_and_an_id_of_its_own():
    claims = [claim for study in studies.every() for claim in study.claims]

    assert len(claims) > 60
    assert [claim.id for claim in claims if not claim.quote.strip()] == []
    assert len({claim.id for claim in claims}) == len(claims)
