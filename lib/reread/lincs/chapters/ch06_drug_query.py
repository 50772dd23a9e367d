"""Chapter 06: ranks of the targets of a drug, signature by signature, and the most similar names."""

from __future__ import annotations

from reread.core import charts
from reread.core.figures import Drawn
from reread.lincs.data.annotations import short
from reread.lincs.methods.retrieval import QueryResult


def draw_ranks(result: QueryResult) -> Drawn:
    """Draw the rank (1 is the nearest) of the first target of every signature over that of random names."""
    labels = {"rank": "rank of the first target (1 is the nearest)", "drug": "",
              "band": "mean rank of random names, 95 %", "by_chance": "mean in random order"}  # fmt: skip
    return charts.dots(result.signatures, "rank", "drug", band=("null_low", "null_high"), log="x",
                       reference="by_chance", labels=labels)  # fmt: skip


def draw_names(result: QueryResult, n_top: int = 10) -> Drawn:
    """Draw the correlation of each drug with names among the ``n_top`` of any drug; targets are marked."""
    near = result.names.loc[result.names["rank"] <= n_top, "name"].unique()
    shown = result.names[result.names["name"].isin(near)].reset_index(drop=True)
    kinds = {True: "target", False: "other name"}
    table = shown.assign(name=shown["name"].map(short), kind=shown["is_target"].map(kinds))
    labels = {"score": "correlation of mean signatures", "name": "", "kind": ""}
    return charts.dots(table, "score", "name", hue="kind", panel="drug", columns=3, stem=True, connect=True,
                       labels=labels, order={"kind": ("other name", "target")})  # fmt: skip
