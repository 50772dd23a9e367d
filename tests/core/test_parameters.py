"""A value fits its parameter or is refused with what was wanted."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import pytest
from pydantic import ValidationError
from reread.core.errors import ParameterError
from reread.core.parameters import TYPES, Parameter


def parameter(kind: str, value: Any, **more) -> Parameter:
    given = {"type": kind, "help": "a setting", "demo": value, "real": value, "paper": value}
    return Parameter.model_validate(given | more)


FITS = [
    (parameter("int", 3, min=1, max=9), 1, 1),
    (parameter("int", 3, min=1, max=9), 9, 9),
    (parameter("int", 3), -(10**30), -(10**30)),
    (parameter("float", 0.5, min=0, max=1), 1, 1.0),
    (parameter("float", 0.5), -1e300, -1e300),
    (parameter("bool", True), False, False),
    (parameter("str", "free text"), "other, free: text", "other, free: text"),
    (parameter("str", ""), "", ""),
    (parameter("str", "a", choices=["a", "b-c2"]), "b-c2", "b-c2"),
    (parameter("words", "a", choices=["a", "b"]), "b  a", "b  a"),
    (parameter("source", "a", choices=["a", "b"]), "b", "b"),
    (parameter("sources", "a", choices=["a", "b"]), "a b", "a b"),
]


@pytest.mark.parametrize(("depth", "value", "taken"), FITS)
def test_a_value_that_fits_is_taken_in_its_type(depth, value, taken):
    got = depth.check("depth", value)

    assert got == taken
    assert type(got) is TYPES[depth.type]


REFUSED = [
    (
        parameter("int", 3, min=1, max=9, unit="cells"),
        0,
        "a whole number of at least 1 and at most 9 (cells)",
    ),
    (parameter("int", 3, max=9), 10, "a whole number of at most 9"),
    (parameter("int", 3), 3.0, "a whole number"),
    (parameter("int", 3), True, "a whole number"),
    (parameter("float", 0.5, min=0), -0.1, "a number of at least 0"),
    (parameter("float", 0.5), math.nan, "a number"),
    (parameter("float", 0.5), -math.inf, "a number"),
    (parameter("float", 0.5), False, "a number"),
    (parameter("bool", True), 1, "True or False"),
    (parameter("bool", True), "true", "True or False"),
    (parameter("str", "a"), 3, "text"),
    (parameter("str", "a", choices=["a", "b"]), "c", "text among a, b"),
    (parameter("str", "a", choices=["a", "b"]), "", "text among a, b"),
    (parameter("source", "a", choices=["a", "b"]), "a b", "text among a, b"),
    (parameter("words", "a", choices=["a", "b"]), "a c", "words, split by spaces, among a, b"),
    (parameter("words", "a", choices=["a", "b"]), "a a", "words, split by spaces, among a, b, each once"),
    (parameter("sources", "a", choices=["a", "b"]), "", "words, split by spaces, among a, b, each once"),
    (parameter("words", "a"), ["a"], "words, split by spaces,"),
]


@pytest.mark.parametrize(("depth", "value", "wanted"), REFUSED)
def test_a_value_that_does_not_fit_is_refused_with_what_was_wanted_and_what_came(depth, value, wanted):
    with pytest.raises(ParameterError) as caught:
        depth.check("depth", value)

    assert str(caught.value).startswith(f"depth must be {wanted}, but came as {value!r}.")


PARSED = [
    ("int", "010", 10),
    ("int", "+7", 7),
    ("float", "1e-3", 0.001),
    ("float", "010", 10.0),
    ("float", ".5", 0.5),
    ("bool", "false", False),
    ("bool", "True", True),
    ("str", "no", "no"),
    ("str", "5637", "5637"),
    ("str", "007", "007"),
    ("str", "2026-13-45", "2026-13-45"),
    ("str", "0x_", "0x_"),
    ("str", "1:30", "1:30"),
    ("str", "null", "null"),
    ("str", "[1", "[1"),
    ("str", "'7'", "7"),
    ("str", "", ""),
    ("words", "a  b", "a  b"),
]


@pytest.mark.parametrize(("kind", "text", "value"), PARSED)
def test_a_text_of_the_command_line_is_read_by_the_declared_type(kind, text, value):
    example = {"int": 1, "float": 1.0, "bool": True}.get(kind, "a")

    got = parameter(kind, example).parse("depth", text)

    assert (got, type(got)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *product(
            ["int"],
            ["9" * 5000, "1:30", "0x1F", "1_0", "1e3", "3.0", "true", "", "2026-13-45", "0x_"],
        ),
        *product(["float"], ["1:30", "nan", "inf", "-.inf", "1e999", "1_0", "no", "0x1p3", "1,5", ""]),
        *product(["bool"], ["no", "yes", "on", "1", "0", "t", ""]),
    ],
)
def test_a_text_of_another_type_is_refused_by_name(kind, text):
    with pytest.raises(ParameterError, match=r"^depth must be "):
        parameter(kind, {"int": 1, "float": 1.0, "bool": True}[kind]).parse("depth", text)


def test_a_number_for_a_text_says_how_papermill_keeps_it():
    with pytest.raises(ParameterError, match=r"but came as 5637\. With papermill, give such a text by -r"):
        parameter("str", "MCF7").check("cell", 5637)


def test_a_long_value_is_cut_in_the_message():
    with pytest.raises(ParameterError) as caught:
        parameter("int", 3).check("depth", "9" * 30_000)

    assert len(str(caught.value)) < 200


def test_the_nearest_word_is_suggested():
    depth = parameter("words", "pearson", choices=["pearson", "spearman"])

    with pytest.raises(ParameterError, match=r"Did you mean 'spearman'\?"):
        depth.check("depth", "pearson sperman")


@pytest.mark.parametrize(
    "word", ["|Spearman|", "mutual information", "GENIE3", "k-means++", "1st", "no_", ""]
)
def test_a_choice_is_a_word_that_no_shell_and_no_yaml_reads_as_a_sign(word):
    with pytest.raises(ValidationError, match="choices"):
        parameter("str", "a", choices=["a", word])


@pytest.mark.parametrize("kind", ["Literal['a']", "str | None", "pathlib.Path", "list", ""])
def test_a_type_that_papermill_cannot_read_is_none_of_ours(kind):
    with pytest.raises(ValidationError):
        parameter(kind, "a")


def test_every_type_is_one_word_that_papermill_can_read():
    assert {python.__name__ for python in TYPES.values()} == {"int", "float", "str", "bool"}
