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

RELATIVE = 1e-6  # what another order of summation does to a sum of doubles, with room to spare
NOISE = 1e-9  # what rounding leaves of a difference between values of the order of one
MULTIPLE = 3  # of the largest difference seen between kernels


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

    @property
    def has_room(self) -> bool:
        """Whether it allows more than rounding."""
        return (self.absolute or 0) > NOISE or (self.relative or 0) > RELATIVE

    def room(self, reference: float) -> float:
        """How far a value may be from its reference."""
        return self.absolute if self.absolute is not None else self.relative * abs(reference)


DEFAULT = Allowed(pattern="*", relative=RELATIVE, why="the default")


class Reference(Record):
    """What the runs of one study in one profile gave when the reference was written.

    ``measured`` is page to key to absolute tolerance: ``MULTIPLE`` times the largest difference between runs
    with the kernels that ``kernels`` names, for values that moved by more than their rule allows.
    """

    tolerances: tuple[Allowed, ...] = ()
    kernels: tuple[str, ...] = ()
    measured: dict[str, dict[str, Finite]] = {}  # noqa: RUF012 (pydantic copies defaults)
    pages: dict[str, dict[str, Value | None]]
    verdicts: dict[str, str] = {}  # noqa: RUF012 (same)
    checks: dict[str, str] = {}  # noqa: RUF012 (same)

    def allowed(self, page: str, key: str) -> tuple[float, str]:
        """How far a value may be off, and why."""
        before, rule = self.pages[page][key], self._rule(page, key)
        measured = self.measured.get(page, {}).get(key, 0.0)
        if measured > rule.room(before):
            return measured, f"{MULTIPLE} times the spread over {len(self.kernels)} sets of kernels"
        return max(rule.room(before), NOISE), rule.why

    def difference(self, page: str, key: str, now: Value | None) -> str:
        """How a value differs from its reference; empty if it does not, or within what is allowed.

        Words follow from values: where those may move by more than rounding, the words may change.
        """
        before = self.pages[page][key]
        if isinstance(before, str) and isinstance(now, str) and self._rule(page, key).has_room:
            return ""
        if not (is_number(before) and is_number(now)):
            is_equal = type(before) is type(now) and before == now
            return "" if is_equal else f"reference {before!r}  now {now!r}"
        (room, why), off = self.allowed(page, key), abs(now - before)
        if off <= room:
            return ""
        return f"reference {before!r}  now {now!r}  off by {off:.3g}, allowed {room:.3g} ({why})"

    def _rule(self, page: str, key: str) -> Allowed:
        return next((rule for rule in self.tolerances if rule.fits(page, key)), DEFAULT)

    def spread(self, page: str, key: str, others: Iterable[Value | None]) -> float:
        """The absolute tolerance that other runs ask for; 0 where the rule has room for all of them."""
        before = self.pages[page][key]
        off = max(
            (abs(value - before) for value in others if is_number(value) and is_number(before)), default=0
        )
        if not off:
            return 0.0
        is_count = float(before).is_integer() and float(off).is_integer()
        floor = 0.0 if is_count else RELATIVE * abs(before) + NOISE
        wanted = MULTIPLE * off + floor if is_count else _rounded_up(MULTIPLE * off + floor)
        rule_only = self.model_copy(update={"measured": {}})
        return wanted if wanted > rule_only.allowed(page, key)[0] else 0.0


def reference_path(study: Study, profile: Profile) -> Path:
    """Where the reference of a study lies."""
    return paths.root() / "chapters" / study.key / "reference" / f"{profile}.json"


def is_number(value: Value | None) -> bool:
    """Whether a value is a number, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _rounded_up(value: float) -> float:
    """The next number with two digits."""
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / step) * step:.2g}")
