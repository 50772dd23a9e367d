"""Delete or raise every gene of a cell in silico, and measure how far the cell moves towards a goal state.

A cell is a sequence of gene tokens, highest rank first. Deleting a gene moves the later ones up by one place;
overexpressing it moves it to the front. ``embed`` maps tokens int64 [n, L] to embeddings float32 [n, d]. All
variants of a cell have one length, so that no mask is needed, and no batch mixes cells, so that a shift is
the same bit for bit in whichever shard it is computed.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.shards import read_arrays, refuse_gaps, save_arrays

Embed = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]]
States = Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], npt.NDArray[np.float32]]

CHANGES = ("delete", "overexpress")
COLUMNS = ("cell", "rank", "gene", "shift", "from_start")
BATCH_TOKENS = 16_384
PART = 16  # cells a file: what a killed run loses at most


def index_map(
    length: int, perturbed: npt.ArrayLike, change: str, *, special: bool = False
) -> npt.NDArray[np.int64]:
    """Where each token of each variant comes from, so that ``tokens[index_map(...)]`` holds the variants.

    ``perturbed`` (variant, 1 or 2) are the genes that a variant deletes, or puts first or behind the
    ``special`` token. Source: ``delete_indices``, ``overexpress_indices`` (perturber_utils.py, 4bddd45).
    """
    if change not in CHANGES:
        raise ParameterError(f"There is no change {change!r}. {did_you_mean(change, CHANGES)}")
    place = np.sort(np.asarray(perturbed, dtype=np.int64), axis=1)
    rest = np.tile(np.arange(length - place.shape[1]), (len(place), 1))
    for one in place.T:
        rest += rest >= one[:, None]
    return rest if change == "delete" else np.hstack([rest[:, :special], place, rest[:, special:]])


def places(
    tokens: npt.NDArray, change: str, *, genes: Sequence[int] | None = None, size: int = 1,
    special: bool = False,
) -> npt.NDArray[np.int64]:  # fmt: skip
    """Places (variant, size) that are changed: every gene, or the listed genes of the cell, or their pairs.

    A variant that equals the cell is left out: the first gene cannot be raised.
    """
    if size not in (1, 2):
        raise ParameterError(f"One gene or a pair is perturbed at a time, not {size}.")
    inner = np.arange(special, len(tokens) - special)
    kept = inner if genes is None else inner[np.isin(np.asarray(tokens)[inner], genes)]
    found = np.array(list(combinations(kept.tolist(), size)), dtype=np.int64).reshape(-1, size)
    is_same = (found == int(special) + np.arange(size)).all(axis=1)
    return found[~is_same] if change == "overexpress" else found


def cosine(embeddings: npt.NDArray, goal: npt.NDArray) -> npt.NDArray[np.float32]:
    """Cosine (row,) of each embedding (row, d) with one vector (d,)."""
    norms = np.linalg.norm(embeddings, axis=-1) * np.linalg.norm(goal)
    return (embeddings @ goal) / norms


def cell_shifts(
    embed: Embed, tokens: npt.NDArray, states: npt.NDArray[np.float32], change: str, *,
    genes: Sequence[int] | None = None, size: int = 1, special: bool = False,
    batch_tokens: int = BATCH_TOKENS,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:  # fmt: skip
    """Perturb one cell: changed places (variant, size) and shifts (variant, state).

    The shift to each mean in ``states`` (state, d) is ``cos(perturbed, state) - cos(cell, state)``, as
    Geneformer defines it for the goal. A batch holds ``batch_tokens`` tokens at most, or one variant.
    """
    tokens = np.asarray(tokens, dtype=np.int64)
    changed = places(tokens, change, genes=genes, size=size, special=special)
    before = embed(tokens[None])[0]
    shifts = np.empty((len(changed), len(states)), dtype=np.float32)
    step = max(1, batch_tokens // len(tokens))
    for first in range(0, len(changed), step):
        block = slice(first, first + step)
        after = embed(tokens[index_map(len(tokens), changed[block], change, special=special)])
        for k, state in enumerate(states):
            shifts[block, k] = cosine(after, state) - cosine(before, state)
    return changed, shifts


def screen(
    cells: Sequence[npt.NDArray], rows: npt.ArrayLike, embed: Embed, states: npt.NDArray[np.float32],
    change: str, *, folder: Path, **how,
) -> pd.DataFrame:  # fmt: skip
    """Perturb the cells ``rows`` one after the other; finished files in ``folder`` are not computed again.

    ``states`` (2, d) are the means of the goal and the start state, ``how`` keywords of :func:`cell_shifts`.
    Returns a row for each variant: ``cell``, ``rank`` (from 0) and ``gene`` (token), of a pair ``rank_2`` and
    ``gene_2`` too, ``shift`` (towards the goal) and ``from_start``. DataError if a cell is empty.
    """
    rows = np.asarray(rows, dtype=np.int64)
    parts = []
    for part in (rows[first : first + PART] for first in range(0, len(rows), PART)):
        path = folder / f"cells-{part[0]:07d}-{part[-1]:07d}-{len(part)}.npz"
        if not path.is_file():
            found = [_perturbed(cells[row], row, embed, states, change, how) for row in part]
            save_arrays(path, {name: np.concatenate([one[name] for one in found]) for name in found[0]})
        parts.append(pd.DataFrame(read_arrays(path)))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({name: [] for name in COLUMNS})


def _perturbed(
    tokens: npt.NDArray, row: int, embed: Embed, states: npt.NDArray, change: str, how: dict
) -> dict[str, npt.NDArray]:
    if not len(tokens):
        raise DataError(f"Cell {row} has no token. Leave out empty cells before they are perturbed.")
    changed, shifts = cell_shifts(embed, tokens, states, change, **how)
    ids = {"cell": np.full(len(changed), row)}
    for place, end in zip(changed.T, ("", "_2"), strict=False):
        ids |= {f"rank{end}": place, f"gene{end}": tokens[place]}
    columns = {name: one.astype(np.int32) for name, one in ids.items()}
    return columns | {"shift": shifts[:, 0], "from_start": shifts[:, 1]}


def gather(shards: Sequence[pd.DataFrame], n_models: int, n_cells: int) -> pd.DataFrame:
    """Join the shifts (of ``refits.Screen``) of all shards, to those of an unsharded run bit for bit.

    DataError, with their names, if (model, cell) units are missing or come from two shards.
    """
    units = [one[["model", "unit"]].drop_duplicates().to_numpy(dtype=int) for one in shards]
    refuse_gaps(units, n_models, n_cells, ("model", "cell"))
    keys = ["model", "start", "change", "unit", "rank"]
    return pd.concat(shards, ignore_index=True).sort_values(keys, kind="stable", ignore_index=True)


def deletion_parts(
    states: States, tokens: npt.NDArray, goal: npt.NDArray[np.float32], *, batch_tokens: int = BATCH_TOKENS
) -> pd.DataFrame:
    """Split the shift of each deletion of one cell into three parts whose sum it is.

    ``states`` maps tokens and positions [n, L] to the last layer [n, L, d]; ``goal`` (d,) is a state mean.
    Returns for each gene ``rank``, ``own`` (its vector leaves the mean), ``context`` (the others no longer
    attend to it; their positions stay) and ``order`` (later tokens move up by one position).
    """
    tokens = np.asarray(tokens, dtype=np.int64)
    length = len(tokens)
    place = np.arange(length)
    whole = states(tokens[None], place[None])[0]
    others = (whole.sum(axis=0) - whole) / (length - 1)
    steps = [np.repeat(cosine(whole.mean(axis=0), goal), length), cosine(others, goal)]
    step = max(1, batch_tokens // length)
    for is_moved in (False, True):
        found = []
        for first in range(0, length, step):
            kept = index_map(length, place[first : first + step, None], "delete")
            positions = np.tile(place[:-1], (len(kept), 1)) if is_moved else kept
            found.append(cosine(states(tokens[kept], positions).mean(axis=1), goal))
        steps.append(np.concatenate(found))
    own, context, order = np.diff(np.stack(steps), axis=0)
    return pd.DataFrame({"gene": tokens, "rank": place, "own": own, "context": context, "order": order})
