"""Chapter 04: generated beside real signatures, two-sample tests, class means, map and tree of classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform

from reread.core import charts, figures
from reread.core.alt_text import Words, fitted
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
    labels = {
        "pc1": f"component 1 ({explained[0]:.0%})",
        "pc2": f"component 2 ({explained[1]:.0%})",
        "kind": "",
    }
    table = pd.concat(rows, ignore_index=True)
    return charts.scatter(table, "pc1", "pc2", hue="kind", panel="panel", columns=2, labels=labels)


def draw_tests(table: pd.DataFrame) -> Drawn:
    """Draw accuracy and interval of the classifier test for every comparison, with p of the kernel test."""
    table = table.assign(samples=np.where(table["compared"].str.startswith("real"), "real", "generated"),
                         kernel=[f"MMD² p = {p:.3f}" for p in table["mmd2_p"]])  # fmt: skip
    labels = {"c2st": "accuracy of the classifier", "compared": "", "samples": "compared with real"}
    return charts.dots(table, "c2st", "compared", hue="samples", connect=True, low="c2st_low",
                       high="c2st_high", text="kernel", labels=labels, reference={"chance": 0.5})  # fmt: skip


def draw_class_means(means: pd.DataFrame) -> Drawn:
    """Draw the mean of every signature node in every class (pcl, node), classes ordered by their tree."""
    shown = means.loc[latent_space.class_tree(means)[1]]
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


def draw_tree(codes: pd.DataFrame) -> Drawn:
    """Draw the tree of class codes (pcl, feature) beside their correlation distances."""
    from scipy.cluster.hierarchy import dendrogram

    linkage, order = latent_space.class_tree(codes)
    distance = squareform(pdist(codes.loc[order].to_numpy(dtype=float), "correlation"))
    n, tree = len(order), dendrogram(linkage, no_plot=True)
    figure, axes = figures.new(figures.WIDTH, 1.2 + 0.27 * n)
    image = axes.imshow(distance, cmap="cividis_r", vmin=0, aspect="auto", extent=(0, n, n, 0))
    for leaf, height in zip(tree["icoord"], tree["dcoord"], strict=True):
        # SciPy places leaves at 5, 15, 25, ...; the tree grows to the left of the map
        axes.plot(-0.6 * n * np.array(height) / linkage[-1, 2], np.array(leaf) / 10, color=figures.colour(0))
    axes.grid(False)
    axes.yaxis.tick_right()
    axes.set_yticks(np.arange(n) + 0.5, [short(name) for name in order])
    axes.set_xticks([])
    axes.set_xlabel("tree and distances; columns in the order of rows")
    axes.set(xlim=(-0.63 * n, n), ylim=(n, 0))
    axes.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, label="correlation distance", shrink=0.9, location="left")
    table = pd.DataFrame(distance, index=order, columns=order)
    return Drawn(figure, table, _nearest_pair(table))


def _nearest_pair(distance: pd.DataFrame) -> str:
    apart = distance.where(~np.eye(len(distance), dtype=bool))
    one, other = apart.stack().idxmin()
    words = Words()
    return fitted([
        f"Tree of {len(distance)} classes beside a heat map of their correlation distances",
        f"nearest are {words.brief(short(one))} and {words.brief(short(other))}, "
        f"{distance.loc[one, other]:.2f} apart",
    ])  # fmt: skip
