"""Cut a run into shards, and prove when they are joined that nothing is missing or double.

The units of a run are pairs, such as a model and a cell: a group, which is costly to begin, and its items.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reread.core.errors import DataError, ParameterError
from reread.core.files import written_whole


def shard_ranges(n_groups: int, n_items: int, shard: int, n_shards: int) -> Iterator[tuple[int, range]]:
    """The part of all (group, item) units that one shard computes: a group and its items, in order.

    Units are cut into ``n_shards`` runs of equal length, group after group, so that a shard begins as few
    groups as can be. ParameterError where the shard does not exist or there are more shards than units.
    """
    n_units = n_groups * n_items
    if not (0 <= shard < n_shards <= n_units):
        raise ParameterError(
            f"Shard {shard} of {n_shards} of {n_units} units: use 0 to {min(n_shards, n_units) - 1}."
        )
    start, stop = (n_units * k // n_shards for k in (shard, shard + 1))
    for group in range(n_groups):
        first, last = (min(max(edge - group * n_items, 0), n_items) for edge in (start, stop))
        if first < last:
            yield group, range(first, last)


def refuse_gaps(
    shards: Iterable[npt.NDArray], n_groups: int, n_items: int, names: tuple[str, str] = ("group", "item")
) -> None:
    """Refuse shards (unit, 2: group and item) that lack a unit, hold one twice, or are of another run."""
    seen = np.zeros((n_groups, n_items), dtype=int)
    for held in shards:
        if len(held) and (held.max(axis=0) >= seen.shape).any():
            raise DataError(
                f"A shard holds {names[0]} {held[:, 0].max()} and {names[1]} {held[:, 1].max()}, but the run "
                f"has {n_groups} {names[0]}s and {n_items} {names[1]}s. Gather shards of one run only."
            )
        np.add.at(seen, tuple(held.T), 1)
    for word, wrong in (("missing from every shard", seen == 0), ("in more than one shard", seen > 1)):
        if wrong.any():
            named = ", ".join(f"{names[0]} {a} {names[1]} {b}" for a, b in np.argwhere(wrong)[:5])
            raise DataError(
                f"{wrong.sum()} of {wrong.size} units are {word}: {named}.\n"
                f"Run the missing shards, and give each once."
            )


def save_arrays(path: Path, arrays: Mapping[str, npt.ArrayLike]) -> None:
    """Write arrays by name, or the columns of a table, as one compressed ``.npz``, whole or not at all."""
    with written_whole(path) as part, part.open("wb") as stream:
        np.savez_compressed(stream, **{name: np.asarray(one) for name, one in arrays.items()})


def read_arrays(path: Path) -> dict[str, npt.NDArray]:
    """Read what :func:`save_arrays` wrote; nothing in the file is run."""
    with np.load(path, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}
