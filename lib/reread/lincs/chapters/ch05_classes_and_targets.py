"""Chapter 05: accuracy with random folds and with drugs held out, recall of classes, ranks of targets."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from reread.core import charts
from reread.core.figures import Drawn
from reread.lincs.data.annotations import short

# Mean rank of the first target as printed, counted from 0 (analysis notebook, in 92).
PUBLISHED_RANKS = {
    "bortezomib": 65.7, "digoxin": 498, "paclitaxel": 641, "dasatinib": 681, "vemurafenib": 780,
    "pitavastatin": 806.8, "raloxifene": 2079, "hydrocortisone": 3019, "losartan": 3866, "irinotecan": 4460,
    "clobetasol": 5061, "amlodipine": 5253, "calcitriol": 5877, "mycophenolate": 6630, "glibenclamide": 7038,
    "flutamide": 9172,
}  # fmt: skip
GROUPS = ("strong", "weak", "inert", "all")
WORDS = {
    "raw": "raw signature", "e1": "encoder 1", "e2": "encoder 2", "e3": "latent means",
    "nodes": "signature nodes", "d1": "decoder 1", "d2": "decoder 2", "pca": "32 components",
    "random": "random folds", "held-out-drug": "drugs held out", "representation": "", "class": "",
    "group": "",
    "strong": "strong class", "weak": "weak class", "inert": "inert class", "all": "all",
    "svm": "support vector machine", "logistic": "logistic regression", "split": "",
}  # fmt: skip


def in_words(name: str) -> str:
    """Words for the name of a representation, a split or a classifier, as the figures have them."""
    return WORDS.get(name, name)


def draw_splits(table: pd.DataFrame, null_high: float) -> Drawn:
    """Draw accuracy (0 to 1) with both splits by representation, a panel for each classifier."""
    shade = {"permuted classes, up to 97.5 %": (0.0, null_high)}
    return charts.dots(table, "accuracy", "representation", hue="split", panel="classifier", columns=2,
                       connect=True, labels=WORDS, shade=shade, limits=(0, 1.02))  # fmt: skip


def draw_recalls(null: pd.DataFrame, group: Mapping[str, str]) -> Drawn:
    """Draw the recall (0 to 1) of every class with drugs held out, over 95 % of permuted classes."""
    shown = _by_group(null[null["pcl"] != "all"], "pcl", group, ["accuracy"], ascending=False)
    labels = {**WORDS, "accuracy": "recall, drugs held out", "band": "permuted classes, 95 %"}
    shown = shown.assign(**{"class": shown["pcl"].map(short)})
    return charts.dots(shown, "accuracy", "class", hue="group", connect=True,
                       band=("null_low", "null_high"), labels=labels, order={"group": GROUPS},
                       limits=(-0.02, 1.02))  # fmt: skip


def draw_retrieval(found: pd.DataFrame) -> Drawn:
    """Draw the mean reciprocal rank (0 to 1) of the first target by representation and group of drugs."""
    labels = {**WORDS, "mrr": "mean reciprocal rank of the first target", "all": "all drugs",
              "band": "permuted names, up to 95 %"}  # fmt: skip
    return charts.dots(found.assign(null_low=0.0), "mrr", "representation", hue="group", labels=labels,
                       band=("null_low", "null_high"), order={"group": GROUPS}, limits=(0, 1.02))  # fmt: skip


def draw_ranks(ranked: pd.DataFrame) -> Drawn:
    """Draw the rank (1 is the nearest) of the first target of every drug, by group."""
    table = ranked.assign(place=range(1, len(ranked) + 1))
    labels = {"place": "drugs by group and rank", "rank": "rank of the first target", "all": "all drugs"}
    return charts.scatter(table, "place", "rank", hue="group", log="y", labels=WORDS | labels)


def with_published(ranks: pd.DataFrame, tolerance: float = 0.25) -> pd.DataFrame:
    """Put the printed mean rank of the first target beside ours.

    Returns DataFrame, (drug,): the columns of ``ranks``, ``published`` (counted from 1, NaN where none is
    printed) and ``is_within``, off by at most a quarter. Source: analysis notebook, in 92, which counts from
    0.
    """
    printed = ranks["drug"].str.lower().map(PUBLISHED_RANKS) + 1
    is_within = (ranks["mean_rank"] - printed).abs() <= tolerance * printed  # False where none is printed
    return ranks.assign(published=printed, is_within=is_within)


def ranks_by_group(found: pd.DataFrame, group: Mapping[str, str]) -> pd.DataFrame:
    """Sort drugs by group and rank of the first target; a column ``group`` is added to ``found``."""
    return _by_group(found, "drug", group, ["rank", "drug"])


def _by_group(
    table: pd.DataFrame, key: str, group: Mapping[str, str], then: list[str], *, ascending: bool = True
) -> pd.DataFrame:
    groups = [group.get(name, "all") for name in table[key]]
    table = table.assign(group=groups, place=[GROUPS.index(name) for name in groups])
    ways = [True, *([ascending] * len(then))]
    return table.sort_values(["place", *then], ascending=ways, ignore_index=True).drop(columns="place")
