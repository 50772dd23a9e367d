"""A record that is wrong names file, line and key; a value that is wrong never starts a run."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from reread import pages, studies
from reread.core.errors import ParameterError

STUDY = """\
key: maize
title: Which plants grow?
headline: 02-genes.short
paper: {title: Plants, authors: nobody, year: 2020, journal: none, doi: 10.1000/none}
sources:
  planted: {holds: numbers of our own, scope: simulated}
  field: {holds: five plants, scope: subset}
chapters:
  - key: 01-cells
    title: Cells
    question: How many cells are there?
    parameters:
      n: {type: int, min: 1, max: 99, unit: cells, help: how many, demo: 5, real: 7, paper: 9}
      rate: {type: float, min: 0, help: how fast, demo: 0.5, real: 0.5, paper: 0.5}
      source: {type: source, choices: [planted, field], help: whence,
               demo: planted, real: field, paper: field}
  - key: 02-genes
    title: Genes
    question: Which genes count?
    needs: [01-cells]
    parameters:
      ways: {type: words, choices: [sum, mean], help: how, demo: sum mean, real: sum, paper: sum}
    pages:
      short: {title: the short way}
      long: {title: the long way, profiles: [demo], set: {ways: mean sum}}
claims:
  - {id: M1, says: plants grow, kind: value, locator: table 1, published: {metric: sum, value: 15},
     answered_by: {chapter: 02-genes, page: short, key: sum}, protocol: as published,
     tolerance: {rule: absolute, value: 0.5, why: counted by hand}}
checks:
  - {id: m1, says: as many as asked for, answered_by: {chapter: 01-cells, key: cells}, min: 5, max: 5}
"""


@pytest.fixture
def record(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("REREAD_HOME", str(tmp_path))
    path = tmp_path / "chapters/maize/study.yml"
    path.parent.mkdir(parents=True)
    path.write_text(STUDY)
    return path


def test_the_record_of_these_tests_is_right(record):
    assert [ref.name for ref in pages.pages("demo")] == [
        "maize/01-cells",
        "maize/02-genes.short",
        "maize/02-genes.long",
    ]


FAULTS = {
    # numbers
    "demo: 0.5, real": ("demo: .nan, real", "line 14: chapters.0.parameters.rate: demo must be a number"),
    "real: 0.5": ("real: .inf", "line 14: chapters.0.parameters.rate: real must be a number"),
    "float, min: 0": ("float, min: .nan", "line 14: chapters.0.parameters.rate.min"),
    "min: 1, max: 99": ("min: 99, max: 1", "line 13: chapters.0.parameters.n: min 99 is above max 1"),
    "demo: 5, real": ("demo: null, real", "line 13: chapters.0.parameters.n.demo: Input should be a word, a"),
    "real: 7": ("real: true", "line 13: chapters.0.parameters.n: real must be a whole number"),
    "paper: 9}": ("paper: 9.0}", "line 13: chapters.0.parameters.n: paper must be a whole number"),
    "demo: 5, ": ("", "line 13: chapters.0.parameters.n.demo: Field required"),
    "type: int, min": (
        "type: int, choices: [a], min",
        "line 13: chapters.0.parameters.n: type int has no choices",
    ),
    "type: words, ch": (
        "type: words, min: 1, ch",
        "line 22: chapters.1.parameters.ways: type words has no min",
    ),
    "value: 0.5, why": ("value: -1, why", "line 29: claims.0.tolerance: a distance is not negative"),
    "rule: absolute, value: 0.5": ("rule: absolute, value: .nan", "line 29: claims.0.tolerance.value"),
    "value: 15": ("value: .nan", "line 27: claims.0.published.value"),
    ", min: 5, max: 5": ("", "line 31: checks.0: needs min or max"),
    "min: 5, max: 5": ("min: 6, max: 5", "line 31: checks.0: min 6 is above max 5"),
    # names
    "unit: cells": (
        "units: cells",
        "line 13: chapters.0.parameters.n.units: there is no such key. Did you mean 'unit'",
    ),
    "      n: {": ("      class: {", "line 9: chapters.0: no parameter can be called 'class'"),
    "      rate: {": ("      page: {", "line 9: chapters.0: no parameter can be called 'page'"),
    "      source: {": ("      so urce: {", "line 15: chapters.0.parameters.so urce"),
    "key: 02-genes": ("key: 01-cells", "chapter '01-cells' is used 2 times"),
    "id: m1": ("id: M1", "id 'M1' is used 2 times"),
    "id: M1": ('id: ""', "line 27: claims.0.id"),
    "chapter: 02-genes": (
        "chapter: 02-gene",
        "M1 answered_by chapter '02-gene', which does not exist. Did you mean '02-genes'",
    ),
    "page: short": ("page: shrt", "M1 answered_by page 'shrt', which does not exist. Did you mean 'short'"),
    "needs: [01-cells]": ("needs: [02-genes]", "chapter 02-genes needs '02-genes', which does not exist"),
    "[planted, field]": (
        "[planted, field, moon]",
        "source of 01-cells offers the source 'moon', which does not exist",
    ),
    "choices: [planted, field], ": ("", "line 15: chapters.0.parameters.source: type source needs choices"),
    "headline: 02-genes.short": ("headline: 02-genes", "headline page '', which does not exist"),
    "headline: 02-genes": ("headline: 03-genes", "headline '03-genes', which does not exist. Did you mean"),
    "key: maize": ("key: lincs", "must have the key of its folder, 'maize', but has 'lincs'"),
    "profiles: [demo]": ("profiles: []", "line 25: chapters.1.pages.long.profiles"),
    "title: the short way": (
        "title: a way < the short one",
        "line 24: chapters.1.pages.short.title: a title is one line of plain text, but holds '<'",
    ),
    "title: Genes": (
        "title: Genes of `maize`",
        "chapters.1.title: a title is one line",
    ),
    "title: Which plants grow?": ("title: <b>Plants", "line 2: title: a title is one line of plain text"),
    # words, and what would break the parameter cell
    "demo: sum mean": ("demo: sum sum", "line 22: chapters.1.parameters.ways: demo must be words"),
    "real: sum": ('real: ""', "line 22: chapters.1.parameters.ways: real must be words"),
    "set: {ways: mean sum}": (
        "set: {way: mean}",
        "line 17: chapters.1: page long in demo: Chapter 02-genes has no parameter 'way'. Did",
    ),
    "{ways: mean sum}": ("{ways: men}", "line 17: chapters.1: page long in demo: ways must be words"),
    "help: how many": ("help: how=many", "line 13: chapters.0.parameters.n.help"),
    "help: how fast": ('help: "how\\nfast"', "line 14: chapters.0.parameters.rate.help"),
    "[sum, mean]": ('[sum, mean, "it\'s"]', "line 22: chapters.1.parameters.ways.choices.2"),
    "demo: planted": ('demo: "plan\\\\ted"', "line 15: chapters.0.parameters.source: demo must be one line"),
}


@pytest.mark.parametrize("right", FAULTS)
def test_a_fault_names_file_line_and_key(record, right):
    wrong, says = FAULTS[right]
    assert STUDY.count(right) >= 1
    record.write_text(STUDY.replace(right, wrong, 1))

    with pytest.raises(ParameterError) as error:
        studies.find("maize")

    assert says in str(error.value)
    assert str(record) in str(error.value)


ALIASES = [f"{new}: &{new} [{', '.join([f'*{old}'] * 8)}]" for old, new in pairwise("abcdefgh")]
BOMB = "\n".join(["a: &a [x]", *ALIASES, ""])
ODDITIES = {
    "nothing": (b"", "is empty"),
    "a comment only": (b"# soon\n", "is empty"),
    "a list": (b"- a\n", "line 1: the record"),
    "two documents": (f"{STUDY}---\n{STUDY}".encode(), "cannot be read"),
    "another encoding": (b"key: \xff\xfe\n", "cannot be read"),
    "a key that is a list": (b"? [a, b]\n: c\n", "line 1: a key must be a word"),
    "a key twice": (b"key: maize\nkey: maize\n", "line 2: duplicate key 'key'"),
    "a key that is a number": (b"1: x\n", "line 1: 1"),
    "an alias of itself": (b"key: &a [*a]\n", "aliases"),
    "aliases that multiply": (BOMB.encode(), "aliases"),
    "an object of Python": (b'key: !!python/object/apply:os.system ["false"]\n', "cannot be read"),
}


@pytest.mark.parametrize("oddity", ODDITIES)
def test_an_empty_or_malformed_record_is_refused(record, oddity):
    text, says = ODDITIES[oddity]
    record.write_bytes(text)

    with pytest.raises(ParameterError) as error:
        studies.find("maize")

    assert f"{record}" in str(error.value)
    assert says in str(error.value)


def test_a_record_that_changed_is_read_anew_at_once(record):
    before = studies.find("maize").title

    record.write_text(STUDY.replace("Which plants grow?", "Which plants glow?"))

    assert (before, studies.find("maize").title) == ("Which plants grow?", "Which plants glow?")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, True, "5", None, [5], 10**30 + 0.5j])
def test_a_value_that_is_no_number_in_range_is_refused(record, value):
    chapter = studies.find("maize").chapter("01-cells")

    with pytest.raises(ParameterError, match="rate must be a number of at least 0, but came as"):
        chapter.fitting({"rate": value})


@pytest.mark.parametrize("words", ["", " ", "sum sum", "sum, mean", "Sum"])
def test_each_word_must_be_known_and_given_once(record, words):
    chapter = studies.find("maize").chapter("02-genes")

    with pytest.raises(ParameterError, match="ways must be words"):
        chapter.fitting({"ways": words})


def test_a_page_that_reads_no_source_can_answer_what_its_upstream_can(record):
    scopes = {profile: pages.page("maize/02-genes.short", profile).scope() for profile in studies.PROFILES}

    assert scopes == {"demo": "simulated", "real": "subset", "paper": "subset"}


def test_a_page_that_reads_nothing_at_all_answers_nothing(record):
    record.write_text(STUDY.replace("    needs: [01-cells]\n", ""))

    assert pages.page("maize/02-genes.short", "paper").scope() == "simulated"


def test_a_folder_without_any_study_is_a_wrong_folder_not_an_empty_book(record):
    record.unlink()

    with pytest.raises(ParameterError, match=r"There is no study in .*chapters\.\nGo to a checkout"):
        studies.every()
