"""Load simulated cells, the published files, or the reader's own."""

from __future__ import annotations

from dataclasses import dataclass

from reread.core.errors import ParameterError, did_you_mean
from reread.depression.data.counts import Counts
from reread.depression.data.simulate import Truth, simulate_cohort

SOURCES = ("simulated", "melanoma", "glioblastoma", "gse144136", "own")


@dataclass(frozen=True, eq=False)
class Cohort:
    """Counts of a study, and what is known of them.

    Attributes
    ----------
    counts : Counts
    truth : Truth, optional
        Of simulated cells.
    is_paired : bool
        Whether each donor gave cells of both conditions.
    """

    counts: Counts
    truth: Truth | None = None
    is_paired: bool = False


def load(source: str = "simulated", *, seed: int = 0, **simulation: float) -> Cohort:
    """Load the cells of one source; ``simulation`` and ``seed`` are the keywords of ``simulate_cohort``."""
    if source not in SOURCES:
        raise ParameterError(f"There is no source {source!r}. {did_you_mean(source, SOURCES)}")
    return Cohort(*simulate_cohort(**simulation, seed=seed))
