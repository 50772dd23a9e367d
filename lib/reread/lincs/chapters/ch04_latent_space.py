"""Chapter 04: generated beside real signatures, two-sample tests, class means, map and tree of classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.spatial import KDTree
from scipy.spatial.distance import pdist, squareform

from reread.core import charts
from reread.core.figures import Drawn
from reread.lincs.data.annotations import short
from reread.lincs.methods import latent_space

MOST_POINTS = 400


def draw_generated(real: np.ndarray, generated: Mapping[str, np.ndarray]) -> Drawn:
    """Draw real and generated signatures (signature, gene) on two components of the real ones."""
    places, explained = latent_space.two_components(real, *generated.values())
    n, rows = min(MOST_POINTS, *(len(one) for one in places)), []
    for name, place in zip(generated, places[1:], strict=True):
        for kind, points in (("generated", place), ("real", places[0])):
            shown = points[np.linspace(0, len(points) - 1, n).astype(int)]
            rows.append(pd.DataFrame({"panel": name, "kind": kind, "pc1": shown[:, 0], "pc2": shown[:, 1]}))
    labels = {f"pc{i}": f"component {i} ({share:.0%})" for i, share in enumerate(explained, 1)} | {"kind": ""}
    table = pd.concat(rows, ignore_index=True)
    return charts.scatter(table, "pc1", "pc2", hue="kind", panel="panel", columns=2, labels=labels)


def relative_spread(table: pd.DataFrame) -> dict[str, float]:
    """Spread of generated signatures on both components over that of real ones, by generator.

    ``table`` is that of :func:`draw_generated`. Returns dict of str to float: the ratio of root mean square
    distances from the centre, without unit; 1 where both spread alike.
    """
    variance = table.groupby(["panel", "kind"])[["pc1", "pc2"]].var(ddof=0).sum(axis=1).unstack()
    return dict(np.sqrt(variance["generated"] / variance["real"]))


def draw_tests(table: pd.DataFrame) -> Drawn:
    """Draw accuracy and 95 % interval of the classifier test, with p of the kernel test (``both_tests``)."""
    table = table.assign(samples=np.where(table["compared"].str.startswith("real"), "real", "generated"),
                         kernel=[f"MMD² p = {p:.3f}" for p in table["mmd2_p"]])  # fmt: skip
    labels = {"c2st": "accuracy of the classifier", "compared": "", "samples": "compared with real"}
    return charts.dots(table, "c2st", "compared", hue="samples", connect=True, low="c2st_low",
                       high="c2st_high", text="kernel", labels=labels, reference={"chance": 0.5})  # fmt: skip


def draw_class_means(means: pd.DataFrame) -> Drawn:
    """Draw the mean of every signature node in every class (pcl, node), classes ordered by their tree."""
    shown = means.loc[latent_space.class_order(means)]
    table = shown.rename(index=short).rename_axis("class").reset_index()
    table = table.melt("class", var_name="node", value_name="mean")
    labels = {"node": "signature node", "mean": "mean of the node", "class": ""}
    return charts.heatmap(table, "node", "class", "mean", numbers="", middle=0.0, labels=labels)


def draw_map(mu: np.ndarray, pcl: np.ndarray) -> Drawn:
    """Draw signatures on two components of their latent means (signature, node), coloured by class."""
    places, explained = latent_space.two_components(mu)
    names = [short(name).removesuffix(" inhibitor") or "no class" for name in pcl]
    table = pd.DataFrame({"class": names, "x": places[0][:, 0], "y": places[0][:, 1]})
    labels = {"x": f"component 1 of the latent means ({explained[0]:.0%})",
              "y": f"component 2 ({explained[1]:.0%})"}  # fmt: skip
    return charts.scatter(table, "x", "y", hue="class", names=True, labels=labels)


def nearest_of_class(table: pd.DataFrame) -> dict[str, float]:
    """Share of signatures whose nearest other signature on the map has their class, and that by chance.

    ``table`` is that of :func:`draw_map`. Returns dict: ``share`` and ``chance``, 0 to 1; the latter is the
    mean over random pairs of signatures.
    """
    places, (code, names) = table[["x", "y"]].to_numpy(), pd.factorize(table["class"])
    near = KDTree(places).query(places, k=2)[1]
    other = np.where(near[:, 0] == np.arange(len(near)), near[:, 1], near[:, 0])  # copies lie at no distance
    sizes = np.bincount(code, minlength=len(names))
    chance = (sizes * (sizes - 1)).sum() / (len(code) * (len(code) - 1))
    return {"share": float((code[other] == code).mean()), "chance": float(chance)}


def draw_trees(codes: Mapping[str, pd.DataFrame]) -> Drawn:
    """Draw correlation distances (0 to 2) of classes in each code (pcl, feature), by the last tree."""
    order, parts = latent_space.class_order(list(codes.values())[-1]), []
    for name, table in codes.items():
        kept = [pcl for pcl in order if pcl in table.index]
        distance = squareform(pdist(table.loc[kept].to_numpy(dtype=float), "correlation"))
        names = [short(pcl) for pcl in kept]
        long = pd.DataFrame(distance, index=pd.Index(names, name="class"), columns=names).reset_index()
        parts.append(long.melt("class", var_name="other", value_name="distance").assign(code=name))
    labels = {"distance": "correlation distance", "class": "", "other": "same classes, same order"}
    return charts.heatmap(pd.concat(parts, ignore_index=True), "other", "class", "distance", numbers="",
                          panel="code", columns=2, labels=labels)  # fmt: skip


def told_apart(tests: pd.DataFrame) -> dict[str, str]:
    """Say for each comparison whether both tests, one or neither separates it at a level of 5 %.

    ``tests`` comes from ``generation.both_tests``. Returns dict of str to str: name of the comparison, in
    lower case with hyphens, to the words.
    """
    n = (tests["c2st_low"] > 0.5).astype(int) + (tests["mmd2_p"] <= 0.05)
    words = n.map({0: "neither test", 1: "one of the two tests", 2: "both tests"})
    return dict(zip(tests["compared"].map(lambda name: name.lower().replace(" ", "-")), words, strict=True))
