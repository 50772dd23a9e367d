"""Chapter 5: two null distributions, p values, feedback of labels, sources of variance, false positives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from reread.core import charts
from reread.core.figures import Drawn

TESTS = {"gauss": "published normal null", "perm": "permutation test"}
SOURCES = {
    "runs": "another run of k-means on one set (published)",
    "sets": "another random set",
    "seeds": "another seed of the embedding",
}
SMALLEST_P = 1e-6
LEVEL = 0.05
LIMIT = 0.09  # 0.05 and about two standard errors of a share of 0.05 in 100 sets


def answer(
    table: pd.DataFrame, trials: Mapping[str, np.ndarray], limit: float = LIMIT
) -> dict[str, float | str]:
    """Whether the published test keeps its level, and how many sets each test calls significant.

    ``trials`` are p values (trial,) of random sets by test; a valid one has p at most 0.05 in at most the
    share ``limit``. Keys: word, n_published and n_permutation (sets tested), published and permutation (sets
    with p at most 0.05).
    """
    share = {name: float((p <= LEVEL).mean()) for name, p in trials.items()}
    return {
        "word": "is not valid" if share["published"] > limit else "keeps its level",
        "n_published": int(table["p_gauss"].notna().sum()),
        "published": int((table["p_gauss"] <= LEVEL).sum()),
        "n_permutation": int(table["p_perm"].notna().sum()),
        "permutation": int((table["p_perm"] <= LEVEL).sum()),
    }


def two_nulls(
    table: pd.DataFrame, gauss: tuple[float, float], nulls: Mapping[str, np.ndarray], methods: Sequence[str]
) -> Drawn:
    """Draw both null distributions, each with the V-measure that is tested (dotted).

    ``methods`` are the sets that the published and the permutation test are shown for.
    """
    from scipy.stats import norm

    rows, null = table.set_index("method"), nulls[methods[1]]
    normal = norm.ppf((np.arange(1000) + 0.5) / 1000, gauss[0], max(gauss[1], 1e-9))
    names = [f"{word}: {method}" for word, method in zip(TESTS.values(), methods, strict=True)]
    seen = [rows.loc[methods[0], "v_gauss"], rows.loc[methods[1], "v_perm"]]
    parts = [
        pd.DataFrame({"test": name, "v": v, "observed": one, "weight": 1 / len(v)})
        for name, v, one in zip(names, (normal, null), seen, strict=True)
    ]
    labels = {"v": "V-measure", "observed": "the set of the network", "weight": "share of the null"}
    return charts.distributions(
        pd.concat(parts, ignore_index=True), "v", panel="test", weight="weight", reference="observed",
        columns=1, labels=labels,
    )  # fmt: skip


def p_values(table: pd.DataFrame) -> Drawn:
    """Draw the one-sided p of each method by both tests; values below one in a million are drawn there."""
    long = table.melt("method", ["p_gauss", "p_perm"], var_name="test", value_name="p").dropna()
    words = {f"p_{name}": word for name, word in TESTS.items()}
    long = long.assign(test=long["test"].map(words), p=np.maximum(long["p"], SMALLEST_P))
    labels = {"p": "p (one-sided; smallest drawn value: one in a million)"}
    return charts.dots(long, "p", "method", hue="test", connect=True, log="x", labels=labels,
                       reference={f"{LEVEL}": LEVEL})  # fmt: skip


def feedback(runs: pd.DataFrame) -> Drawn:
    """Draw the V-measure (0 to 1) in each run, with the labels fed back and without."""
    labels = {"run": "run of k-means on the same set", "v": "V-measure"}
    return charts.lines(runs, "run", "v", hue="labels", labels=labels)


def variance_sources(sources: Mapping[str, float]) -> Drawn:
    """Draw the standard deviation of the V-measure by source (``clustering.sources_of_variance``)."""
    table = pd.DataFrame({"source": [SOURCES[name] for name in sources], "sd": list(sources.values())})
    return charts.bars(table, "sd", "source", labels={"sd": "standard deviation of the V-measure"})


def false_positives(trials: Mapping[str, np.ndarray]) -> Drawn:
    """Draw the share of random sets that each test calls significant by its level; dotted: a valid test."""
    level = np.linspace(0, 1, 101)
    parts = []
    for word, p in zip(TESTS.values(), trials.values(), strict=True):
        share = (np.asarray(p)[:, None] <= level + 1e-12).mean(axis=0)
        parts.append(pd.DataFrame({"test": word, "level": level, "share": share}))
    labels = {"level": "level of the test", "share": "random sets called significant"}
    return charts.curves(
        pd.concat(parts, ignore_index=True), "level", "share", hue="test", diagonal=True, labels=labels
    )


def solution(trials: Mapping[int, np.ndarray]) -> pd.DataFrame:
    """Share (0 to 1) of random sets that the published test calls significant, by genes of a random set."""
    rows = [(size, float((p <= LEVEL).mean())) for size, p in trials.items()]
    return pd.DataFrame(rows, columns=["genes of a random set", "false positives"])
