"""Chapter 01: strength of signatures, checks of the reader, and what a random split shares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from reread.core import charts
from reread.core.data import registry
from reread.core.figures import Drawn
from reread.lincs.data.tables import Signatures
from reread.lincs.io import gctx, gctx_stream

# controls first, then doses ascending, then knock-downs and other treatments
OTHERS = {
    "control": (-2.0, "control"),
    "drug": (-1.0, "dose unknown"),
    "knockdown": (np.inf, "knock-down"),
    "other": (np.inf, "other treatment"),
}


def reader_file(source: str, signatures: Signatures, folder: Path, *, seed: int = 0) -> Path:
    """Give a GCTX for the check of the reader.

    ``source``: simulated signatures are written among 3,000 genes that are no landmarks; for the series at
    GEO it is the small level-5 file. ``folder``: where a simulated file is written.
    ParameterError if the source is unknown.
    """
    if source == "simulated":
        from reread.lincs.data.simulate import write_simulated

        return write_simulated(Path(folder) / "simulated.gctx", signatures, seed=seed)
    return registry.fetch("lincs/level-4-plate" if source == "plate" else "lincs/level-5")


def check_reader(path: Path, folder: Path, *, seed: int = 0) -> dict[str, float]:
    """Read a file whole, in part, in batches and extracted, and compare.

    ``path``: a GCTX that fits into memory. ``folder``: where the extracted matrix is written. ``seed``:
    chooses the part and the order of minibatches.
    Returns dict: ``genes``, ``signatures``; ``subset_is_equal``, ``batches_are_equal``, ``memmap_is_equal``:
    1 where the result equals the whole; ``subset_mb``, ``whole_mb``.
    """
    meta, rng = gctx.read_meta(path), np.random.default_rng(seed)
    whole = gctx.read(path)
    genes = rng.permutation(whole.shape[1])[: max(1, whole.shape[1] // 4)]
    rows = rng.permutation(len(whole))[: max(1, len(whole) // 2)]
    names = [meta.row_ids[gene] for gene in genes]
    part = gctx.read(path, names, [meta.column_ids[row] for row in rows], block=100)
    count = np.zeros(len(whole), dtype=int)
    is_same = True
    for values, index in gctx_stream.minibatches(path, names, batch=64, seed=seed, block=50):
        count[index] += 1
        is_same &= bool((values == whole[index][:, genes]).all())
    mapped = gctx_stream.landmark_memmap(path, Path(folder) / f"{path.stem}.f32", names)
    return {
        "genes": whole.shape[1], "signatures": len(whole),
        "subset_is_equal": int((part == whole[rows][:, genes]).all()),
        "batches_are_equal": int(is_same and (count == 1).all()),
        "memmap_is_equal": int((mapped == whole[:, genes]).all()),
        "subset_mb": part.nbytes / 1e6, "whole_mb": whole.nbytes / 1e6,
    }  # fmt: skip


def reader_table(found: dict[str, float]) -> pd.DataFrame:
    """The result of :func:`check_reader` as a table for readers."""
    words = {1: "yes", 0: "no"}
    rows = [
        ("genes in the file", f"{found['genes']:,}"),
        ("signatures in the file", f"{found['signatures']:,}"),
        ("a random part in random order equals that part of the whole", words[found["subset_is_equal"]]),
        ("minibatches contain every signature once, unchanged", words[found["batches_are_equal"]]),
        ("the extracted memory-mapped matrix equals the whole", words[found["memmap_is_equal"]]),
        ("size of the whole, MB", f"{found['whole_mb']:.1f}"),
        ("size of the part, MB", f"{found['subset_mb']:.1f}"),
    ]
    return pd.DataFrame(rows, columns=["check", "result"])


def strength_by_dose(signatures: Signatures) -> pd.DataFrame:
    """Strength of signatures, the root mean square of their z-scores, by treatment.

    Returns DataFrame, (group,): ``series`` (where rows of several files are pooled, else empty), ``group`` (a
    dose in micromolar, or a kind), ``n``, and the ``low`` (25th), ``median`` and ``high`` (75th percentile)
    strength.
    """
    meta = signatures.meta
    keys = [
        (dose, f"{dose:g} µM") if kind == "drug" and not np.isnan(dose) else OTHERS[kind]
        for kind, dose in zip(meta["kind"], meta["dose_um"], strict=True)
    ]
    table = pd.DataFrame(
        {
            "order": [order for order, _ in keys],
            "group": [group for _, group in keys],
            "series": meta["series"].fillna("") if "series" in meta else "",
            "strength": np.sqrt(np.mean(signatures.values.astype(float) ** 2, axis=1)),
        }
    )
    quarters = table.groupby(["order", "group", "series"])["strength"].describe(percentiles=[0.25, 0.5, 0.75])
    found = quarters.reset_index().rename(
        columns={"count": "n", "25%": "low", "50%": "median", "75%": "high"}
    )
    return found[["series", "group", "n", "low", "median", "high"]].astype({"n": int})


def draw_strength(table: pd.DataFrame) -> Drawn:
    """Draw the median and middle half of the strength by dose."""
    hue = "series" if table["series"].nunique() > 1 else None
    labels = {"median": "strength (root mean square z-score)", "group": ""}
    return charts.dots(table, "median", "group", hue=hue, low="low", high="high", labels=labels)


def draw_replicates(combined: pd.DataFrame) -> Drawn:
    """Draw the strength of combined signatures by the agreement of their wells."""
    labels = {
        "agreement": "agreement of the wells (mean Spearman correlation)",
        "strength": "strength of the signature", "drug": "drug at high dose", "control": "control wells",
    }  # fmt: skip
    return charts.scatter(combined, "agreement", "strength", hue="kind", labels=labels)


def draw_shared(shared: pd.DataFrame) -> Drawn:
    """Draw the share of test signatures whose drug, cell line or plate is in training, by split."""
    labels = {
        "share_seen": "share of test signatures", "scheme": "", "what": "in training", "line": "cell line",
        "random": "at random",
    }  # fmt: skip
    return charts.dots(shared, "share_seen", "scheme", hue="what", labels=labels, limits=(-0.03, 1.03))


def draw_recall(recall: pd.DataFrame) -> Drawn:
    """Draw the recall of a nearest neighbour by split, a dot for each class and their mean."""
    labels = {"recall": "recall of the nearest neighbour", "scheme": "", "random": "at random"}
    chance = {"chance": 1 / recall["pcl"].nunique()}
    return charts.dots(recall, "recall", "scheme", labels=labels, reference=chance, limits=(-0.03, 1.03))
