"""Verdict of a claim, and outcome of a check: the only place where a measured value is judged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from reread.core.errors import DataError, did_you_mean

SCOPES = ("own", "simulated", "subset", "full")
VERDICTS = (
    "reproduced",
    "reproduced on a subset",
    "close",
    "same direction",
    "not reproduced",
    "not tested",
    "outdated",
    "cannot be tested here",
)
UNANSWERED = ("not tested", "outdated", "cannot be tested here")
OUTCOMES = {True: "passed", False: "failed", None: "not measured"}
PLACES = 3  # of a value in a reason, unless more are needed
SIGNIFICANT = 12  # digits that a float computed in another order still shares


@dataclass(frozen=True)
class Verdict:
    """A word of ``VERDICTS``, the reason for it, and our value where there is one."""

    word: str
    reason: str
    ours: float | None = None


def judge(claim: Any, ours: float | None, *, scope: str, is_stale: bool = False) -> Verdict:
    """Compare a measured value (None: no run has measured it) with a claim, in decimals."""
    if scope not in SCOPES:
        raise DataError(
            f"The scope of a run must be a word of {', '.join(SCOPES)}. {did_you_mean(scope, SCOPES)}"
        )
    if claim.blocked_by:
        return Verdict("cannot be tested here", claim.blocked_by)
    if ours is None:
        return Verdict("not tested", "no run has measured it")
    if isinstance(ours, str):
        return Verdict("not tested", f"the measured value {ours!r:.80} is not a number")
    if SCOPES.index(scope) < SCOPES.index(claim.data_scope):
        return Verdict("not tested", f"{scope} data cannot answer it; it needs {claim.data_scope} data", ours)
    if is_stale:
        return Verdict("outdated", "the run was made with other code, data or parameters than today's", ours)
    if not math.isfinite(ours):
        return Verdict("not reproduced", f"the measured value is {ours}, not a finite number", ours)
    word, reason = (_by_bound if claim.tolerance.rule in ("above", "below") else _by_distance)(claim, ours)
    is_part = word == "reproduced" and scope != "full"
    return Verdict("reproduced on a subset" if is_part else word, reason, ours)


def _by_bound(claim: Any, ours: float) -> tuple[str, str]:
    """Compare with a bound; without a published number a value can at most have the same direction."""
    rule, bound = claim.tolerance.rule, _decimal(claim.tolerance.value)
    value = _decimal(ours)
    passed = value > bound if rule == "above" else value < bound
    reason = f"{_shown(value, bound)} is {'' if passed else 'not '}{rule} {bound:f}"
    if not passed:
        return "not reproduced", reason
    if claim.neutral is not None:
        return "same direction", f"{reason}; no published number to compare with"
    return "reproduced", reason


def _by_distance(claim: Any, ours: float) -> tuple[str, str]:
    """Compare with the published number: within the tolerance, within twice of it, same side, or neither."""
    published, tolerance = _decimal(claim.published.value), _decimal(claim.tolerance.value)
    allowed = tolerance * abs(published) if claim.tolerance.rule == "relative" else tolerance
    value = _printed(_decimal(ours), published, tolerance)
    off = abs(value - published)
    reason = f"{value:f} against {published:f}: off by {off:f}, allowed {_plain(allowed):f}"
    if off <= allowed:
        return "reproduced", reason
    if off <= 2 * allowed:
        return "close", reason
    neutral = claim.neutral if claim.neutral is not None or claim.kind == "value" else 0
    has_direction = claim.kind in ("direction", "ranking") or claim.neutral is not None
    if has_direction and (value - _decimal(neutral)) * (published - _decimal(neutral)) > 0:
        return "same direction", reason
    return "not reproduced", reason


def _decimal(value: float) -> Decimal:
    """A float as the decimal number that it prints, without the noise of binary fractions."""
    with localcontext() as context:
        context.prec = SIGNIFICANT
        return _plain(+Decimal(repr(float(value))))


def _plain(number: Decimal) -> Decimal:
    """The same number without trailing zeros."""
    return number.normalize() if number else Decimal(0)


def _places(number: Decimal) -> int:
    return max(0, -int(number.as_tuple().exponent))


def _printed(value: Decimal, published: Decimal, tolerance: Decimal) -> Decimal:
    """Round to three places, or to those of the published number or its tolerance; never round a count."""
    places = max(_places(published), _places(tolerance))
    return _plain(round(value, max(places, PLACES))) if places else value


def _shown(value: Decimal, bound: Decimal) -> str:
    """Three places, or as many more as it takes to differ from the bound."""
    for places in range(PLACES, SIGNIFICANT + 1):
        text = f"{value:.{places}f}"
        if (Decimal(text) > bound) - (Decimal(text) < bound) == (value > bound) - (value < bound):
            return text if value != bound else f"{value:f}"
    return f"{value:g}"


def holds(value: float | None, low: float | None, high: float | None) -> bool | None:
    """Whether a value keeps its bounds; False for NaN and infinity, None if there is no number."""
    if value is None or isinstance(value, str):
        return None
    return math.isfinite(value) and (low is None or value >= low) and (high is None or value <= high)


def outcome(value: float | None, low: float | None, high: float | None) -> str:
    """Word for a check: passed, failed or not measured."""
    return OUTCOMES[holds(value, low, high)]
