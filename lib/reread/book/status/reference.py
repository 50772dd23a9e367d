"""The committed reference of a study: its measured values, how far each may be off, verdicts and outcomes.

``chapters/<study>/reference/<profile>.json``. A value may be off by what its rule allows, or by what was
measured between numerical kernels (instruction sets, BLAS, threads), whichever is more. A count that no
kernel moved must be equal.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import Field, model_validator

from reread.core import paths
from reread.core.records import Finite, Record
from reread.studies import Profile, Study, Value

_RELATIVE = 1e-6  # what another order of summation does to a sum of doubles, with room to spare
_NOISE = 1e-9  # what rounding leaves of a difference between values of the order of one
_MULTIPLE = 3  # of the largest difference seen between kernels


class Allowed(Record):
    """How far values may be off: ``absolute``, or ``relative`` to the reference.

    ``pattern`` is for the key of a value (``auroc.*``), or for page and key if it holds a slash
    (``02-deeptgi.corrected/auroc.*``). The first rule that fits counts.
    """

    pattern: str
    absolute: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    relative: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    why: str = Field(min_length=1)

    @model_validator(mode="after")
    def _one_of_two(self) -> Allowed:
        if (self.absolute is None) == (self.relative is None):
            raise ValueError("needs either absolute or relative")
        return self

    def fits(self, page: str, key: str) -> bool:
        """Whether the rule applies to a value."""
        return fnmatchcase(f"{page}/{key}" if "/" in self.pattern else key, self.pattern)

    def room(self, reference: float) -> float:
        """How far a value may be from its reference."""
        return self.absolute if self.absolute is not None else self.relative * abs(reference)


_DEFAULT = Allowed(pattern="*", relative=_RELATIVE, why="the default")


class Reference(Record):
    """What the runs of one study in one profile gave when the reference was written.

    ``measured`` is page to key to absolute tolerance: ``_MULTIPLE`` times the largest difference between runs
    with the kernels that ``kernels`` names, for values that moved by more than their rule allows.
    """

    tolerances: tuple[Allowed, ...] = ()
    kernels: tuple[str, ...] = ()
    measured: dict[str, dict[str, Finite]] = {}  # noqa: RUF012 (pydantic copies defaults)
    pages: dict[str, dict[str, Value | None]]
    verdicts: dict[str, str] = {}  # noqa: RUF012 (same)
    checks: dict[str, str] = {}  # noqa: RUF012 (same)

    def difference(self, page: str, key: str, now: Value | None) -> str:
        """How a value differs from its reference; empty if it does not, or within what is allowed.

        Words follow from values: where those may move by more than rounding, the words may change.
        """
        before, rule = self.pages[page][key], self._rule(page, key)
        has_room = (rule.absolute or 0) > _NOISE or (rule.relative or 0) > _RELATIVE
        if isinstance(before, str) and isinstance(now, str) and has_room:
            return ""
        if not (is_number(before) and is_number(now)):
            is_equal = type(before) is type(now) and before == now
            return "" if is_equal else f"reference {before!r}  now {now!r}"
        room, why, off = max(rule.room(before), _NOISE), rule.why, abs(now - before)
        if (measured := self.measured.get(page, {}).get(key, 0.0)) > rule.room(before):
            room, why = measured, f"{_MULTIPLE} times the spread over {len(self.kernels)} sets of kernels"
        if off <= room:
            return ""
        return f"reference {before!r}  now {now!r}  off by {off:.3g}, allowed {room:.3g} ({why})"

    def _rule(self, page: str, key: str) -> Allowed:
        return next((rule for rule in self.tolerances if rule.fits(page, key)), _DEFAULT)

    def spread(self, page: str, key: str, others: Iterable[Value | None]) -> float:
        """The absolute tolerance that other runs ask for; 0 where the rule has room for all of them."""
        before = self.pages[page][key]
        numbers = [value for value in others if is_number(value) and is_number(before)]
        if not (off := max((abs(value - before) for value in numbers), default=0)):
            return 0.0
        wanted = _MULTIPLE * off
        if not (float(before).is_integer() and float(off).is_integer()):  # no count: up to two digits
            wanted += _RELATIVE * abs(before) + _NOISE
            step = 10.0 ** (math.floor(math.log10(wanted)) - 1)
            wanted = float(f"{math.ceil(wanted / step) * step:.2g}")
        return wanted if wanted > max(self._rule(page, key).room(before), _NOISE) else 0.0


def reference_path(study: Study, profile: Profile) -> Path:
    """Where the reference of a study lies."""
    return paths.root() / "chapters" / study.key / "reference" / f"{profile}.json"


def is_number(value: Value | None) -> bool:
    """Whether a value is a number, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
