"""Chapter 08: scores of both codebooks, the network, images and their reconstructions, confusion matrices."""

from __future__ import annotations

import pandas as pd

from reread.core import charts, diagrams, figures
from reread.core.figures import Drawn
from reread.lincs.methods.codebooks import MEAN, TEST, TRAIN
from reread.lincs.methods.digits import DIGITS, PIXELS, SIDE

HELD = {TRAIN: "training images", TEST: "held-out images", MEAN: "mean image of the digit"}


def draw_scores(scores: pd.DataFrame) -> Drawn:
    """Draw accuracy (0 to 1) and error given the digit (squared grey value), codebooks and mean images."""
    names = {"accuracy": "accuracy of the nearest code", "mse": "error given the digit (squared grey value)"}
    table = scores.rename(columns=names).melt(["method", "rows"], list(names.values()), "measure", "value")
    labels = {"value": "", "method": "", "rows": "", **HELD}
    return charts.dots(
        table, "value", "method", hue="rows", panel="measure", columns=2, shared=False, labels=labels
    )


def draw_network(channels: int) -> Drawn:
    """Draw the layers of the network for images as boxes."""
    image, out = "image\n(8 x 8 pixels)", "reconstruction\n(8 x 8 pixels)"
    z, code = f"point z\n({16 * channels} values)", f"code of the digit\n(10 codes of {16 * channels})"
    return diagrams.flow(
        [[image], [z, "label"], [code], [out]],
        [(image, z, "2 convo- lutions"), ("label", code, "chooses"), (z, code, "attracts"),
         (code, out, "2 convo- lutions")],
    )  # fmt: skip


def draw_images(table: pd.DataFrame) -> Drawn:
    """Draw held-out images over their reconstruction and the mean of the digit; a wrong code has a frame.

    ``table`` is that of :func:`reread.lincs.methods.digits.examples`.
    """
    kinds = table["row"].unique()
    figure, panels = figures.new(figures.WIDTH, 0.95 * len(kinds), ncols=len(DIGITS), nrows=len(kinds))
    for down, kind in enumerate(kinds):
        rows = table[table["row"] == kind].sort_values("digit")
        for axes, (_, row) in zip(panels[down], rows.iterrows(), strict=True):
            axes.imshow(row[PIXELS].to_numpy(dtype=float).reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1)
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
            is_wrong = kind == "nearest code" and row["found"] != row["digit"]
            for spine in axes.spines.values():
                spine.set(visible=bool(is_wrong), color=figures.PALETTE[1], linewidth=2)
            if kind == "nearest code":
                axes.set_title(str(row["found"]), fontsize=9, loc="center", pad=2)
        panels[down][0].set_ylabel(kind.replace(" ", "\n"), rotation=0, ha="right", va="center", fontsize=9)
    found = examples_found(table)
    alt = (
        "Four rows of ten small images: held-out digits, nearest codes decoded, z decoded, digit means; "
        f"{found['own_code']} of 10 have their own code, {found['nearer']} of 10 decoded z are nearer to the "
        "image than the mean."
    )
    return Drawn(figure, table, alt)


def draw_confusion(shares: pd.DataFrame) -> Drawn:
    """Draw the share (0 to 1) of the images of each digit that are assigned to each code, by codebook."""
    labels = {"code": "nearest code", "share": "share of the images of a digit"}
    return charts.heatmap(shares, "code", "digit", "share", panel="method", columns=2, numbers="",
                          labels=labels, limits=(0, 1))  # fmt: skip


def examples_found(table: pd.DataFrame) -> dict[str, int]:
    """Count images whose nearest code is their own, and those whose decoded z is nearer than the mean.

    ``table`` is that of :func:`draw_images`. Returns dict: ``own_code`` and ``nearer``, numbers of images;
    distances are of grey values.
    """
    rows = {name: part.sort_values("digit") for name, part in table.groupby("row")}
    right = int((rows["nearest code"]["digit"] == rows["nearest code"]["found"]).sum())
    image, z, mean = (rows[name][PIXELS].to_numpy(dtype=float) for name in ("image", "z", "class mean"))
    near = int((((z - image) ** 2).sum(axis=1) < ((mean - image) ** 2).sum(axis=1)).sum())
    return {"own_code": right, "nearer": near}
