"""Chapter 1: samples, logarithms, the image, hold-outs and leakage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from reread.core import charts, diagrams, figures
from reread.core.figures import Drawn
from reread.maize.data.image import log_plus_one, log_published
from reread.maize.data.splits import Split
from reread.maize.data.tables import Expression
from reread.maize.methods.clustering import embed_sets
from reread.maize.methods.leakage import SHARES, leakage_by_kind

TRANSFORMS = {"log2(x + 0.001) + 10 (published)": log_published, "log2(x + 1) (here)": log_plus_one}
N_BINS = 60
SAME = 0.005  # shares that are printed alike
NEAREST = ("a replicate", "same tissue, other group", "another tissue")


def study_flow() -> Drawn:
    """Draw the way of the data through the five chapters of the study, as boxes."""
    columns = [
        ["expression of samples", "splits: random, replicate, group"],
        ["image of genes", "simple models"],
        ["CNN", "statistics: t, tau"],
        ["accuracy by hold-out", "SHAP: score of each gene"],
        ["sets of genes"],
        ["V-measure and tests against random sets"],
    ]
    arrows = [
        (columns[0][0], columns[1][0]), (columns[0][1], columns[1][1]), (columns[1][0], columns[2][0]),
        (columns[1][1], columns[2][1]), (columns[2][0], columns[3][0]), (columns[2][0], columns[3][1]),
        (columns[3][1], columns[4][0]), (columns[2][1], columns[4][0]), (columns[4][0], columns[5][0]),
    ]  # fmt: skip
    heads = ["chapter 1", "chapter 1, 2", "chapter 2", "chapter 2, 3", "chapter 3", "chapter 4, 5"]
    return diagrams.flow(columns, arrows, heads=heads)


def simulation() -> Drawn:
    """Draw what the simulator adds to the expression of a gene in a sample, as boxes."""
    parts = [
        "baseline of the gene", "planted genes: rise in one tissue", "decoys: rise in three or four tissues",
        "modules of co-expressed genes", "shift of the study", "noise of the sample",
    ]  # fmt: skip
    columns = [parts, ["log2(FPKM + 1)"], ["Poisson counts, depth of the library"], ["FPKM of the sample"]]
    arrows = [(one, columns[1][0]) for one in parts]
    arrows += [(columns[1][0], columns[2][0]), (columns[2][0], columns[3][0])]
    return diagrams.flow(columns, arrows, marked={parts[1]: "the genes to be found"})


def answer(found: pd.DataFrame) -> dict[str, float | str]:
    """Values of the answer: first and last kind of hold-out, and what copying the nearest sample achieves.

    ``found`` comes from ``leakage.leakage_by_kind``. Keys: easy, hard (kinds), replicate, copy_easy,
    copy_hard (shares of test samples, 0 to 1) and word, which compares the last two.
    """
    first, last = found.iloc[0], found.iloc[-1]
    gap = first["nearest_has_tissue"] - last["nearest_has_tissue"]
    word = "remains" if abs(gap) < SAME else "falls to" if gap > 0 else "rises to"
    return {
        "easy": first["kind"], "hard": last["kind"], "word": word, "replicate": first["nearest_is_replicate"],
        "copy_easy": first["nearest_has_tissue"], "copy_hard": last["nearest_has_tissue"],
    }  # fmt: skip


def samples(data: Expression) -> Drawn:
    """Draw the samples on the first two principal components of log2(x + 1), a colour for each tissue."""
    log = log_plus_one(data.values).astype(np.float64)
    first, second = embed_sets(log, [np.arange(log.shape[1])], 2)[0].T
    columns = {"sample": data.samples, "tissue": data.tissue_names, "group": data.group}
    table = pd.DataFrame({**columns, "PC1": first, "PC2": second})
    labels = {"PC1": "first principal component", "PC2": "second principal component"}
    drawn = charts.scatter(table, "PC1", "PC2", hue="tissue", labels=labels)
    x, y = table[["PC1", "PC2"]].iloc[(first**2 + second**2).argmax()]
    return drawn._replace(  # components have no correlation, which the usual text would give
        alt=f"Scatter plot of the first two principal components, {len(table)} samples in "
        f"{table['tissue'].nunique()} groups (tissue); the first from {first.min():.0f} to "
        f"{first.max():.0f}, the second from {second.min():.0f} to {second.max():.0f}; farthest from the "
        f"centre at {x:.0f} and {y:.0f}."
    )


def samples_found(data: Expression, table: pd.DataFrame) -> dict[str, float | str]:
    """Share of the variance on both components, and the tissue that lies farthest from the centre.

    ``table`` is that of :func:`samples`. Returns dict: ``explained``, 0 to 1, of the variance of log2(x + 1)
    over all genes, and ``farthest``, the tissue whose mean has the largest distance from that of all samples.
    """
    log, places = log_plus_one(data.values).astype(np.float64), table[["PC1", "PC2"]]
    explained = (places**2).to_numpy().sum() / ((log - log.mean(axis=0)) ** 2).sum()
    distance = (places.groupby(table["tissue"]).mean() ** 2).sum(axis=1)
    return {"explained": float(explained), "farthest": distance.idxmax()}


def transforms(data: Expression) -> Drawn:
    """Draw the share of all values by transformed value (log2), for the published and the usual logarithm."""
    logs = {name: transform(data.values) for name, transform in TRANSFORMS.items()}
    edges = np.linspace(0, max(log.max() for log in logs.values()), N_BINS + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    share = {name: np.histogram(log, edges)[0] / data.values.size for name, log in logs.items()}
    parts = [pd.DataFrame({"transform": name, "value": middle, "share": y}) for name, y in share.items()]
    labels = {"value": "transformed expression", "share": "share of all values"}
    return charts.distributions(
        pd.concat(parts, ignore_index=True), "value", weight="share", panel="transform", bins=N_BINS,
        labels=labels, log="y",
    )  # fmt: skip


def layout(images: Mapping[str, np.ndarray], n_genes: int) -> Drawn:
    """Draw one sample (side, side), log2 scale, in one gene order beside another; padding is hatched."""
    from matplotlib.patches import Rectangle

    side = len(next(iter(images.values())))
    figure, panels = figures.new(7, 3.7, ncols=len(images))
    row, column = (part.ravel() for part in np.indices((side, side)))
    table = pd.DataFrame({"row": row, "column": column, "is_padding": row * side + column >= n_genes})
    largest = max(float(image.max()) for image in images.values())
    # padding: the pixels after the last gene in its row, and the rows below
    rows, rest = divmod(n_genes, side)
    boxes = [(rest, rows, side - rest, 1), (0, rows + 1, side, side - rows - 1)]
    boxes = [box for box in boxes if min(box[2:]) > 0 and n_genes < side * side]
    for axes, (title, image) in zip(np.atleast_1d(panels), images.items(), strict=True):
        shown = axes.imshow(image, vmin=0, vmax=largest, cmap="viridis", interpolation="nearest")
        for left, top, *size in boxes:
            style = {"fill": False, "hatch": "////", "edgecolor": "white", "lw": 0}
            axes.add_patch(Rectangle((left - 0.5, top - 0.5), *size, **style))
        axes.grid(False)
        axes.set(xticks=[], yticks=[])
        axes.set_title(title)
        table[title] = image.ravel()
    figure.colorbar(shown, ax=panels, label="log2(x + 0.001) + 10", shrink=0.8)
    alt = (
        f"Images of {side} by {side} pixels of one sample, one for each gene order ({', '.join(images)}): "
        f"{n_genes} genes and {side * side - n_genes} padding pixels."
    )
    return Drawn(figure, table, alt)


def neighbour_correlation(images: Mapping[str, np.ndarray], n_genes: int) -> dict[str, float]:
    """Pearson's correlation of each gene with the next one in its row of the image, by gene order.

    ``images``: (side, side) of one sample, log2 scale. Padding, after ``n_genes`` pixels, is left out.
    Returns dict of str to float, from -1 to 1.
    """
    found = {}
    for name, image in images.items():
        is_gene = (np.arange(image.size) < n_genes).reshape(image.shape)
        both = is_gene[:, :-1] & is_gene[:, 1:]
        found[name] = float(np.corrcoef(image[:, :-1][both], image[:, 1:][both])[0, 1])
    return found


def hold_outs(data: Expression, splits: Sequence[Split]) -> Drawn:
    """Draw the test samples of each fold, samples sorted by tissue and then by group."""
    order = np.lexsort((data.replicate, data.group, data.tissue))
    names = np.asarray(data.samples, dtype=object)[order]
    columns = {"sample": names, "tissue": data.tissue_names[order], "group": data.group[order]}
    parts = []
    for one in splits:
        part = np.full(len(data.samples), "training", dtype=object)
        if one.never_held_out:
            ever = np.concatenate([other.test for other in splits if other.kind == one.kind])
            part[np.setdiff1d(np.arange(len(part)), ever)] = "cannot be held out"
        part[one.test] = "test"
        parts.append(pd.DataFrame({"fold": one.name, "kind": one.kind, **columns, "part": part[order]}))
    table = pd.concat(parts, ignore_index=True)
    labels = {"sample": "samples, sorted by tissue and group", "fold": "fold", "part": "samples"}
    return charts.heatmap(table, "sample", "fold", "part", labels=labels)


def neighbours(near: pd.DataFrame) -> Drawn:
    """Draw Pearson's correlation of each test sample with its nearest training sample, by hold-out."""
    of = np.where(near["is_replicate"], 0, np.where(near["has_tissue"], 1, 2))
    table = near.assign(nearest_is=np.array(NEAREST)[of])
    labels = {"r": "correlation with the nearest training sample", "kind": "hold-out"}
    labels["nearest_is"] = "nearest sample is"
    return charts.distributions(table, "r", by="kind", hue="nearest_is", labels=labels)


def solutions(cases: Mapping[str, tuple[Expression, Sequence[Split]]]) -> pd.DataFrame:
    """Leakage of each exercise: exercise, kind, n_test (samples), shares (0 to 1) and mean correlation."""
    parts = [leakage_by_kind(data, folds).assign(exercise=name) for name, (data, folds) in cases.items()]
    return pd.concat(parts, ignore_index=True)[["exercise", "kind", "n_test", *SHARES]]
