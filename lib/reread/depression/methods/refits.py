"""Fit a classifier on the true labels and on permuted donor labels, and perturb the same cells with each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import DataError
from reread.core.files import written_whole
from reread.core.metrics import auroc
from reread.depression.data.rank_values import Cells
from reread.depression.data.splits import Split, permuted_donors
from reread.depression.methods import perturbation

if TYPE_CHECKING:
    from reread.depression.models.classifier import Classifier

CONDITIONS = ("control", "case")
SIZES = ("n_models", "n_cells", "shard", "n_shards")


@dataclass(frozen=True)
class Design:
    """What every model of a screen shares.

    Attributes
    ----------
    cells : Cells
        Encoded cells of all donors.
    labels : int array, (cell,)
        0 control, 1 case.
    split : Split
        Donors that train, choose the epoch and are held out.
    rows : int array, (perturbed cell,)
        Held-out cells that are perturbed, in the order of their length.
    """

    cells: Cells
    labels: npt.NDArray[np.int_]
    split: Split
    rows: npt.NDArray[np.int64]

    def labels_of(self, model: int, seed: int) -> npt.NDArray[np.int_]:
        """True labels for model 0; else labels permuted over training donors, and over the other donors."""
        if model == 0:
            return self.labels
        drawn = np.empty_like(self.labels)
        for part in (self.split.train, ~self.split.train):
            drawn[part] = permuted_donors(self.cells.cells[part], seed=seed + model)
        return drawn


def design(cells: Cells, split: Split, n_cells: int, *, seed: int = 0) -> Design:
    """Choose ``n_cells`` held-out cells at random, as many of each condition; sort them, longest first.

    Source: the reference takes up to 1,000 cells of one state with seed 42 and sorts them by length.
    DataError where a condition has no held-out cell.
    """
    labels = cells.cells["condition"].to_numpy(dtype=np.int64)
    rng = np.random.default_rng(seed)
    chosen = []
    for condition, name in enumerate(CONDITIONS):
        found = np.flatnonzero(split.test & (labels == condition) & (cells.lengths > 1))
        if not len(found):
            raise DataError(f"No held-out cell is {name}. Hold out more donors.")
        chosen.append(rng.permutation(found)[: max(1, n_cells // 2)])
    rows = np.sort(np.concatenate(chosen))
    return Design(cells, labels, split, rows[np.argsort(-cells.lengths[rows], kind="stable")])


def state_means(
    embed: perturbation.Embed, cells: Cells, rows: npt.NDArray, labels: npt.NDArray
) -> npt.NDArray[np.float32]:
    """Mean embedding (condition, width) of the cells ``rows`` of each condition."""
    embedded = np.concatenate([embed(cells[int(row)][None].astype(np.int64)) for row in rows])
    return np.stack([embedded[labels[rows] == condition].mean(axis=0) for condition in (0, 1)])


def screen_models(
    design: Design,
    fit: Callable[[npt.NDArray, int], Classifier],
    changes: Sequence[str],
    n_refits: int,
    *,
    folder: Path,
    shard: int = 0,
    n_shards: int = 1,
    seed: int = 0,
    embedding: dict[str, Any] | None = None,
    **how,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit the models of one shard and perturb every gene of its cells with each of them.

    Parameters
    ----------
    design : Design
        Cells, labels, split and the cells that are perturbed.
    fit : callable
        Labels (cell,) and a seed to a fitted classifier.
    changes : sequence of str
        ``delete`` and ``overexpress``, one or both.
    n_refits : int
        Models on permuted donor labels: 1 to ``n_refits``; model 0 has the true labels.
    folder : Path
        Where finished parts lie; a killed run goes on there.
    shard, n_shards : int
        The part of the (model, cell) units that is computed here.
    embedding : dict, optional
        Keywords of ``Classifier.embed``: layer, pool, precision.
    **how
        As in :func:`reread.depression.methods.perturbation.cell_shifts`.

    Returns
    -------
    shifts : DataFrame
        The columns of ``perturbation.screen`` and model, unit, change and start (condition by the labels of
        the model); the goal is the other condition.
    models : DataFrame
        model, auroc (held-out donors, by the labels of the model), state_cosine (of the two means).
    """
    unit_of = pd.Series(np.arange(len(design.rows)), index=design.rows)
    tables, models = [], []
    for number, units in perturbation.shard_ranges(n_refits + 1, len(design.rows), shard, n_shards):
        labels = design.labels_of(number, seed)
        model = fit(labels, seed + number)
        embed = partial(model.embed, **(embedding or {}))
        means = state_means(embed, design.cells, np.flatnonzero(design.split.train), labels)
        score = model.predict_proba(design.cells)[design.split.test]
        known = ~np.isnan(score)
        models.append(
            (number, auroc(labels[design.split.test][known], score[known]), perturbation.cosine(*means))
        )
        for start, name in enumerate(CONDITIONS):
            rows = design.rows[units.start : units.stop]
            rows = rows[labels[rows] == start]
            for change in changes:
                found = perturbation.screen(
                    design.cells, rows, embed, means[[1 - start, start]], change,
                    folder=folder / f"model-{number:03d}" / f"{name}-{change}", **how,
                )  # fmt: skip
                unit = unit_of.loc[found["cell"]].to_numpy(dtype=np.int32)
                tables.append(found.assign(model=number, unit=unit, change=change, start=name))
    return pd.concat(tables, ignore_index=True), pd.DataFrame(
        models, columns=["model", "auroc", "state_cosine"]
    )


def save_shard(path: Path, shifts: pd.DataFrame, models: pd.DataFrame, sizes: dict[str, int]) -> None:
    """Write the shifts of one shard and the sizes of its run (n_models, n_cells, shard, n_shards)."""
    columns = {name: shifts[name].to_numpy() for name in shifts}
    columns |= {name: columns[name].astype("U11") for name in ("change", "start")}
    with written_whole(path) as part, part.open("wb") as stream:
        np.savez_compressed(
            stream, **columns, **{f"models.{name}": models[name] for name in models},
            sizes=np.array([sizes[name] for name in SIZES]),
        )  # fmt: skip


def read_shards(paths: Sequence[Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read shards of one run and join them by :func:`perturbation.gather`; also the table of the models.

    Raises
    ------
    DataError
        If the shards are of different runs, or one is missing or double.
    """
    shifts, models, sizes = [], [], set()
    for path in paths:
        with np.load(path, allow_pickle=False) as kept:
            columns = {name: kept[name] for name in kept.files}
        size = dict(zip(SIZES, columns.pop("sizes").tolist(), strict=True))
        sizes.add((size["n_models"], size["n_cells"], size["n_shards"]))
        of_models = {name.removeprefix("models."): columns.pop(name) for name in list(columns) if "." in name}
        models.append(pd.DataFrame(of_models))
        shifts.append(pd.DataFrame(columns))
    if len(sizes) != 1:
        raise DataError(
            f"{len(paths)} shards are of {len(sizes)} runs (models, cells, shards): {sorted(sizes)}."
        )
    n_models, n_cells, _ = sizes.pop()
    joined = perturbation.gather(shifts, n_models, n_cells)
    return joined, pd.concat(models).drop_duplicates("model").sort_values("model", ignore_index=True)
