"""Fit a classifier on the true labels and on permuted donor labels, and perturb the same cells with each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import DataError
from reread.core.metrics import auroc
from reread.core.precision import accepts_ranks, choose
from reread.core.shards import read_arrays, save_arrays, shard_ranges
from reread.depression.data.rank_values import Cells
from reread.depression.data.splits import Split, permuted_donors
from reread.depression.methods import perturbation

if TYPE_CHECKING:
    from reread.depression.models.classifier import Classifier

CONDITIONS = ("control", "case")
N_PARTS = 8  # cells whose deletions are split into their parts


@dataclass(frozen=True, eq=False)
class Design:
    """What every model of a screen shares: the encoded cells of all donors, and how they are used.

    ``is_train`` (cell,) marks the training donors; of the other cells ``rows`` are perturbed, longest first.
    ``seed`` is that of the permutations.
    """

    cells: Cells
    is_train: npt.NDArray[np.bool_]
    rows: npt.NDArray[np.int64]
    seed: int = 0

    def labels_of(self, model: int) -> npt.NDArray[np.int64]:
        """Condition (cell,) for one model: true for model 0, else permuted within both donor groups."""
        labels = self.cells.cells["condition"].to_numpy(dtype=np.int64, copy=True)
        for part in (self.is_train, ~self.is_train) if model else ():
            labels[part] = permuted_donors(self.cells.cells[part], seed=1000 * self.seed + model)
        return labels


class Screen(NamedTuple):
    """What one shard computed; model 0 has the true labels.

    ``shifts`` has the columns of ``perturbation.screen``, and ``model``, ``unit`` (place of the cell in
    ``Design.rows``), ``change`` and ``start`` (by the labels of the model). ``models`` has ``auroc``
    (held-out donors), ``state_cosine`` and ``is_half``; ``parts`` the ``deletion_parts`` of model 0.
    """

    shifts: pd.DataFrame
    models: pd.DataFrame
    parts: pd.DataFrame


def design(cells: Cells, split: Split, n_cells: int, *, seed: int = 0) -> Design:
    """Choose ``n_cells`` held-out cells at random, as many of each condition; sort them, longest first.

    The donors that are not held out all train. Source: the reference takes up to 1,000 cells of one state
    with seed 42 and sorts them by length. DataError where a condition has no held-out cell.
    """
    labels = cells.cells["condition"].to_numpy()
    rng = np.random.default_rng(seed)
    chosen = []
    for condition, name in enumerate(CONDITIONS):
        found = np.flatnonzero(split.test & (labels == condition) & (cells.lengths > 1))
        if not len(found):
            raise DataError(f"No held-out cell is {name}. Hold out more donors.")
        chosen.append(rng.permutation(found)[: max(1, n_cells // 2)])
    rows = np.sort(np.concatenate(chosen))
    return Design(cells, ~split.test, rows[np.argsort(-cells.lengths[rows], kind="stable")], seed)


def screen_models(
    design: Design, fit: Callable[[npt.NDArray, int, Path], Classifier], changes: Sequence[str],
    n_refits: int, *, folder: Path, shard: tuple[int, int] = (0, 1),
    embedding: dict[str, Any] | None = None, **how,
) -> Screen:  # fmt: skip
    """Fit the models of one shard and perturb every gene of its cells with each of them.

    ``fit`` makes a classifier from labels (cell,), a seed and a folder for the network; models 1 to
    ``n_refits`` have permuted donor labels. A killed run goes on from finished parts in ``folder``. ``shard``
    is the number of this shard, from 0, and of all. ``embedding`` are keywords of ``Classifier.embed``,
    ``how`` those of ``perturbation.cell_shifts``. Errors as of both.
    """
    place = pd.Series(np.arange(len(design.rows), dtype=np.int32), index=design.rows)
    tables, models, parts = [], [], []
    for number, units in shard_ranges(n_refits + 1, len(design.rows), *shard):
        labels = design.labels_of(number)
        here = folder / f"model-{number:03d}"
        here.mkdir(parents=True, exist_ok=True)
        model = fit(labels, design.seed + number, here / "network")
        embed, is_half = choose_precision(model, design, labels, changes[0], embedding or {}, how)
        means = state_means(embed, design.cells, np.flatnonzero(design.is_train), labels)
        tested = np.flatnonzero(~design.is_train & (design.cells.lengths > 0))
        score = auroc(labels[tested], model.predict_proba(design.cells.take(tested)))
        models.append((number, float(score), float(perturbation.cosine(*means)), is_half))
        rows = design.rows[units.start : units.stop]
        for (start, name), change in product(enumerate(CONDITIONS), changes):
            found = perturbation.screen(
                design.cells, rows[labels[rows] == start], embed, means[[1 - start, start]], change,
                folder=here / f"{name}-{change}", **how,
            )  # fmt: skip
            unit = place.loc[found["cell"]].to_numpy()
            tables.append(found.assign(model=number, unit=unit, change=change, start=name))
        for row in rows[:N_PARTS] if number == 0 else ():
            states = partial(model.embed, pool="none")
            split = perturbation.deletion_parts(states, design.cells[row], means[1 - labels[row]])
            parts.append(split.assign(cell=row))
    return Screen(
        pd.concat(tables, ignore_index=True),
        pd.DataFrame(models, columns=["model", "auroc", "state_cosine", "is_half"]),
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(),
    )


def choose_precision(
    model: Classifier, design: Design, labels: npt.NDArray, change: str, embedding: dict[str, Any], how: dict,
) -> tuple[perturbation.Embed, bool]:  # fmt: skip
    """The embedding to perturb with, and whether it is in half precision, where that ranks genes as fp32."""
    names = dict.fromkeys((embedding.get("precision", "float32"), "float32"))
    ways = {name: partial(model.embed, **embedding | {"precision": name}) for name in names}
    tokens = design.cells[int(design.rows[0])]  # one cell, so that all shards of a model choose alike
    train = np.flatnonzero(design.is_train)

    def shifts(embed: perturbation.Embed) -> npt.NDArray:
        means = state_means(embed, design.cells, train, labels)
        return perturbation.cell_shifts(embed, tokens, means, change, **how)[1][:, 0]

    chosen, _ = choose(ways, shifts, accepts_ranks)
    return ways[chosen], chosen != "float32"


def state_means(
    embed: perturbation.Embed, cells: Cells, rows: npt.NDArray, labels: npt.NDArray
) -> npt.NDArray[np.float32]:
    """Mean embedding (condition, width) of the cells ``rows`` of each condition, by batches of one length."""
    total, rows = 0.0, np.asarray(rows)[cells.lengths[rows] > 0]
    for length in np.unique(cells.lengths[rows]):
        group = rows[cells.lengths[rows] == length]
        for part in np.array_split(group, -(-len(group) * length // perturbation.BATCH_TOKENS)):
            vectors = embed(np.stack([cells[int(row)] for row in part]).astype(np.int64))
            total += np.eye(2)[labels[part]].T @ vectors
    return (total / np.bincount(labels[rows], minlength=2)[:, None]).astype(np.float32)


def save_shard(path: Path, screen: Screen, *, n_models: int, n_cells: int) -> None:
    """Write shifts and models of one shard as ``.npz``, which :func:`read_shards` reads.

    ``n_models`` and ``n_cells`` are the size of the whole run, by which a missing shard is noticed.
    """
    words = {name: screen.shifts[name].to_numpy().astype("U11") for name in ("change", "start")}
    size = {"size": np.array([n_models, n_cells])}
    save_arrays(path, {**screen.shifts, **words, **screen.models.add_prefix("models."), **size})


def read_shards(paths: Sequence[Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read shards and join them: the shifts by ``perturbation.gather``, and the table of the models.

    DataError if the shards are of different runs, or one is missing or double.
    """
    shifts, models, sizes = [], [], set()
    for path in paths:
        columns = read_arrays(path)
        sizes.add(tuple(columns.pop("size").tolist()))
        of_models = {name.removeprefix("models."): columns.pop(name) for name in [*columns] if "." in name}
        models.append(pd.DataFrame(of_models))
        shifts.append(pd.DataFrame(columns))
    if len(sizes) != 1:
        raise DataError(f"{len(paths)} shards are of {len(sizes)} runs (models, cells): {sorted(sizes)}.")
    joined = perturbation.gather(shifts, *sizes.pop())
    return joined, pd.concat(models).drop_duplicates("model").sort_values("model", ignore_index=True)
