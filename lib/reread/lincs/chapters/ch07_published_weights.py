"""Chapter 07: active nodes, distances of class codes, decoded genes, transfer to unseen signatures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reread.core import charts
from reread.core.figures import Drawn
from reread.lincs.data.annotations import short
from reread.lincs.models.published_weights import active_nodes

FEW = 6


def draw_nodes(mu: Mapping[str, np.ndarray]) -> Drawn:
    """Draw the norm of the weights of every latent node, largest first, by data set; active nodes marked."""
    tables = [active_nodes(weight).assign(data_set=name) for name, weight in mu.items()]
    labels = {"rank": "latent node, by norm", "norm": "norm of its weights", "data_set": "data set"}
    return charts.lines(pd.concat(tables, ignore_index=True), "rank", "norm", hue="data_set",
                        mark="is_active", log="y", labels=labels)  # fmt: skip


def draw_neighbours(near: pd.DataFrame) -> Drawn:
    """Draw the correlation distance of each class to its nearest class, ours over the printed one."""
    words = {True: "same nearest class", False: "another nearest class"}
    what = "correlation distance"
    labels = {"printed_distance": f"{what}, as printed", "distance": f"{what}, ours"}
    return charts.scatter(near.assign(kind=near["is_equal"].map(words)), "printed_distance", "distance",
                          hue="kind", diagonal=True, labels=labels)  # fmt: skip


def draw_genes(profiles: np.ndarray, pcls: tuple[str, ...], ranks: pd.DataFrame) -> Drawn:
    """Draw the decoded z-score of the expected gene of each class over the range of all genes."""
    own = profiles[[pcls.index(pcl) for pcl in ranks["pcl"]]]
    words = [f"{symbol} ({rank})" for symbol, rank in zip(ranks["symbol"], ranks["rank"], strict=True)]
    table = ranks.assign(low=own.min(axis=1), high=own.max(axis=1), words=words, pcl=ranks["pcl"].map(short))
    labels = {"z": "decoded z-score", "pcl": "", "band": "range of all genes", "direction": "",
              "down": "expected to fall", "up": "expected to rise"}  # fmt: skip
    widest = 1.4 * np.abs(own).max()
    return charts.dots(table, "z", "pcl", hue="direction", connect=True, band=("low", "high"), text="words",
                       labels=labels, limits=(-widest, widest))  # fmt: skip


def draw_transfer(tables: Mapping[str, pd.DataFrame], chance: float, control: str) -> Drawn:
    """Draw the mean reciprocal rank (0 to 1) of the own class by drug; the control class apart."""
    table = pd.concat([rows.assign(signatures=name) for name, rows in tables.items()], ignore_index=True)
    kind = np.where(table["pcl"] == control, "expected at chance", "other drugs")
    few = {name for name, rows in tables.items() if len(rows) <= FEW}
    named = table["drug"].where(table["signatures"].isin(few))
    labels = {"mrr": "mean reciprocal rank of the own class", "signatures": "", "kind": ""}
    return charts.dots(table.assign(kind=kind, name=named), "mrr", "signatures", hue="kind", labels=labels,
                       reference={"random class": chance}, limits=(0, 1.03))  # fmt: skip


def reconstruction_table(errors: dict[str, float]) -> pd.DataFrame:
    """Mean squared error (squared z-scores) by what the decoder is given, in words; two columns."""
    words = {
        "zero": "zero for every gene", "own_code": "the code of the given class",
        "nearest_code": "the code nearest to the hidden state", "unquantised": "the hidden state itself",
    }  # fmt: skip
    rows = [(text, errors[name]) for name, text in words.items()]
    return pd.DataFrame(rows, columns=["input of the decoder", "mean squared error"])
