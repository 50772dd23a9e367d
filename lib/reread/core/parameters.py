"""Parameter of a chapter: type, bounds, unit, one value for each profile, and the check of a value."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

from pydantic import StringConstraints, model_validator

from reread.core.errors import ParameterError, did_you_mean, short
from reread.core.records import Finite, Record

Profile = Literal["demo", "real", "paper"]
Value = bool | int | float | str
# one line of Python with one equals sign: papermill's reader of the parameter cell sees nothing else
OneLine = Annotated[str, StringConstraints(pattern=r"^[^=\r\n]*$")]
# nothing that a shell or YAML reads as a sign
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
PROFILES: tuple[Profile, ...] = ("demo", "real", "paper")
TYPES = {"int": int, "float": float, "str": str, "bool": bool, "words": str, "source": str, "sources": str}
MANY = ("words", "sources")
FROM_SOURCES = ("source", "sources")
WHOLE = re.compile(r"[-+]?[0-9]{1,300}")
NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


class Parameter(Record):
    """One parameter of a chapter, as ``study.yml`` declares it."""

    type: Literal["int", "float", "str", "bool", "words", "source", "sources"]
    help: OneLine
    unit: OneLine = ""
    min: Finite | None = None
    max: Finite | None = None
    choices: tuple[Word, ...] = ()
    demo: Value
    real: Value
    paper: Value

    @model_validator(mode="after")
    def _makes_sense(self) -> Parameter:
        if (self.min is not None or self.max is not None) and self.type not in ("int", "float"):
            raise ValueError(f"type {self.type} has no min and no max")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        if self.choices and TYPES[self.type] is not str:
            raise ValueError(f"type {self.type} has no choices")
        if not self.choices and self.type in FROM_SOURCES:
            raise ValueError(f"type {self.type} needs choices among the sources of the study")
        for profile in PROFILES:
            self._fits_a_cell(profile, getattr(self, profile))
        return self

    def parse(self, name: str, text: str) -> Value:
        """Read the text of a command line by the declared type, then check it; ``010`` is the number 10."""
        text, kind = text.strip(), TYPES[self.type]
        if kind is int and WHOLE.fullmatch(text):
            return self.check(name, int(text))
        if kind is float and NUMBER.fullmatch(text):
            return self.check(name, float(text))
        if kind is bool and text.lower() in ("true", "false"):
            return self.check(name, text.lower() == "true")
        is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
        return self.check(name, text[1:-1] if kind is str and is_quoted else text)

    def check(self, name: str, value: Any) -> Value:
        """Return ``value`` if it fits; else raise ParameterError with what was wanted and what came."""
        wanted = TYPES[self.type]
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        fits = isinstance(value, wanted) and not (isinstance(value, bool) and wanted is not bool)
        came = f"but came as {short(repr(value))}."
        if not fits or not self._is_in_range(value):
            raise ParameterError(f"{name} must be {self.wanted()}, {came}{self._hint(value)}")
        words = self._words(value)
        for word in words:
            if word not in self.choices:
                near = did_you_mean(word, self.choices)
                raise ParameterError(f"{name} must be {self.wanted()}, {came} {near}")
        if len(set(words)) < len(words) or (self.choices and not words):
            raise ParameterError(f"{name} must be {self.wanted()}, each once, {came}")
        return value

    def wanted(self) -> str:
        """Type, bounds, unit and choices in words."""
        kind = {"int": "a whole number", "float": "a number", "bool": "True or False"}.get(self.type, "text")
        kind = "words, split by spaces," if self.type in MANY else kind
        low = f" of at least {self.min:g}" if self.min is not None else ""
        high = f"{' and' if low else ' of'} at most {self.max:g}" if self.max is not None else ""
        among = f" among {', '.join(self.choices)}" if self.choices else ""
        return f"{kind}{low}{high}{among}" + (f" ({self.unit})" if self.unit else "")

    def _hint(self, value: Any) -> str:
        """Papermill's ``-p`` reads 5637 as a number; its ``-r`` keeps text."""
        is_number = isinstance(value, (bool, int, float)) and TYPES[self.type] is str
        return " With papermill, give such a text by -r in place of -p." if is_number else ""

    def _is_in_range(self, value: Value) -> bool:
        if isinstance(value, (bool, str)):
            return True
        is_finite = isinstance(value, int) or math.isfinite(value)
        return (
            is_finite and (self.min is None or value >= self.min) and (self.max is None or value <= self.max)
        )

    def _words(self, value: Value) -> list[str]:
        if not self.choices:
            return []
        return str(value).split() if self.type in MANY else [str(value)]

    def _fits_a_cell(self, profile: Profile, value: Value) -> None:
        """Check a value of the record, which is also written into the parameter cell of a notebook."""
        if isinstance(value, str) and any(sign in value for sign in "=\r\n'\"\\"):
            raise ValueError(f"{profile} must be one line without quotes, = and \\, but is {value!r}")
        try:
            self.check(profile, value)
        except ParameterError as error:
            raise ValueError(str(error)) from None
