"""Judge a claim: a verdict is computed from the claim, the measured value and the data's scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

SCOPE_ORDER = ("simulated", "subset", "full")
VERDICTS = (
    "reproduced",
    "reproduced on a subset",
    "close",
    "direction only",
    "not reproduced",
    "not asked",
    "stale",
    "blocked",
)


class Judged(Protocol):
    """What a claim must offer to be judged; see :class:`reread.studies.Claim`."""

    kind: str
    published: Any
    tolerance: Any
    data_scope: str
    blocked_by: str


@dataclass(frozen=True)
class Verdict:
    """A word of ``VERDICTS``, the reason for it, and our value where there is one."""

    word: str
    reason: str
    ours: float | None = None


def judge(claim: Judged, ours: float | None, *, scope: str, is_stale: bool = False) -> Verdict:
    """Compare a measured value with a claim.

    Parameters
    ----------
    claim : Claim
        Published value, tolerance and the narrowest data scope that may answer it.
    ours : float or None
        The measured value; None when no run has measured it.
    scope : str
        ``simulated``, ``subset`` or ``full``: what the data of the run can answer.
    is_stale : bool
        Whether the run was made by other code, data or parameters than those of today.

    Notes
    -----
    The order of the questions is the order of honesty: what cannot be asked is never answered.
    """
    if claim.blocked_by:
        return Verdict("blocked", claim.blocked_by)
    if ours is None:
        return Verdict("not asked", "no run has measured it yet")
    if isinstance(ours, str):
        return Verdict("not asked", f"it came out as {ours!r}, which is no number")
    if SCOPE_ORDER.index(scope) < SCOPE_ORDER.index(claim.data_scope):
        return Verdict("not asked", f"{scope} data cannot answer it; it needs {claim.data_scope} data", ours)
    if is_stale:
        return Verdict("stale", "the run was made by other code, data or parameters than today's", ours)
    if claim.tolerance.rule in ("above", "below"):
        return _by_side(claim, ours, scope)
    return _by_distance(claim, ours, scope)


def _by_side(claim: Judged, ours: float, scope: str) -> Verdict:
    """A claim without a number to meet: it holds on its side of a bound, or it does not."""
    rule, bound = claim.tolerance.rule, claim.tolerance.value
    holds = ours > bound if rule == "above" else ours < bound
    reason = f"{ours:.3f} is {'' if holds else 'not '}{rule} {bound:g}"
    if not holds:
        return Verdict("not reproduced", reason, ours)
    if claim.kind == "value":
        return Verdict("direction only", f"{reason}; no published number to compare with", ours)
    return Verdict(_success(scope), reason, ours)


def _by_distance(claim: Judged, ours: float, scope: str) -> Verdict:
    """A claim with a number: inside the tolerance, inside twice the tolerance, on the same side, or off."""
    published = claim.published.value
    allowed = claim.tolerance.value * (abs(published) if claim.tolerance.rule == "relative" else 1)
    off = abs(ours - published)
    reason = f"{ours:.3f} against {published:g}: off by {off:.3f}, allowed {allowed:g}"
    if off <= allowed:
        return Verdict(_success(scope), reason, ours)
    if off <= 2 * allowed:
        return Verdict("close", reason, ours)
    if claim.kind == "direction" and ours * published > 0:
        return Verdict("direction only", reason, ours)
    return Verdict("not reproduced", reason, ours)


def _success(scope: str) -> str:
    return "reproduced" if scope == "full" else "reproduced on a subset"


def holds(value: float | None, low: float | None, high: float | None) -> bool | None:
    """Whether a planted-truth value keeps its bounds; None when it was not measured."""
    if value is None or isinstance(value, str):
        return None
    return (low is None or value >= low) and (high is None or value <= high)
