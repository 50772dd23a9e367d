"""Load signatures: simulated, the small real files, the two series at GEO, or the reader's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from reread.core import paths
from reread.core.data import registry
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.tables import read_table
from reread.lincs.data import annotations, own
from reread.lincs.data.annotations import described
from reread.lincs.data.plates import robust_z
from reread.lincs.data.simulate import simulate
from reread.lincs.data.tables import CLIP, Signatures
from reread.lincs.io import gct, gctx


def load(source: str = "simulated", *, kind: str = "all", seed: int = 0, **files: str) -> Signatures:
    """Load signatures; genes of real ones are in the order of the published weights.

    ``source``: ``simulated``; ``level-5``, 272 signatures of three drugs; ``plate``, z-scores of a plate of
    A375 cells; ``pooled``, both; ``gse70138`` (drugs), ``gse106127`` (knock-downs) and ``merged`` from GEO;
    ``own``, the ``files`` as ``own.read`` names them. ``kind``: ``all``, ``drug`` or ``knockdown``; controls
    are in ``all`` only. ``seed``: random seed of the simulation. Returns Signatures: values clipped to 10 on
    both sides. ``truth`` exists for simulated ones only. ParameterError if the source or the kind is unknown.
    DataError if a file is missing or damaged, or no signature is of that kind.
    """
    sources = {**_sources(seed), "own": partial(own.read, **files)}
    if source not in sources:
        raise ParameterError(f"There is no source {source!r}. {did_you_mean(source, sources)}")
    if kind not in ("all", "drug", "knockdown"):
        raise ParameterError(f"kind must be all, drug or knockdown, but is {kind!r}.")
    found = sources[source]()
    if kind == "all":
        return found
    rows = np.flatnonzero(found.meta["kind"] == kind)
    if not len(rows):
        raise DataError(f"{source} has no signature of kind {kind!r}. Use kind='all', or another source.")
    return found.take(rows)


def landmarks() -> pd.DataFrame:
    """Genes in the order of the published weights: ``entrez`` and ``symbol``, both text."""
    table = read_table(registry.fetch("lincs/landmark-order"), columns=["entrez", "symbol_2017"])
    return table.rename(columns={"symbol_2017": "symbol"})


def in_order(values: np.ndarray, found: pd.Series, wanted: pd.Series) -> np.ndarray:
    """Columns of ``values`` (signature, gene) in the order of ``wanted`` gene ids."""
    found = pd.Index(found.astype(str))
    if not found.is_unique:
        double = found[found.duplicated()][0]
        raise DataError(f"Gene ids must be unique, but {double!r} occurs more than once.")
    place = found.get_indexer(pd.Index(wanted.astype(str)))
    if (place < 0).any():
        raise DataError(f"{(place < 0).sum()} genes are missing, such as {wanted[place < 0].iloc[0]!r}.")
    return values[:, place]


def stack(*parts: Signatures) -> Signatures:
    """Concatenate signatures of the same genes; the simulated truth is dropped."""
    if any(part.genes != parts[0].genes for part in parts):
        raise DataError("Signatures to be stacked must have the same genes in the same order.")
    meta = pd.concat([part.meta for part in parts], ignore_index=True)
    values = np.concatenate([part.values for part in parts])
    return replace(parts[0], values=values, meta=meta, truth=None)


def _sources(seed: int) -> Mapping[str, Callable[[], Signatures]]:
    knockdowns = partial(_series, "gse106127")
    return {
        "simulated": lambda: simulate(seed),
        "level-5": _level_5,
        "plate": _plate,
        "pooled": lambda: stack(_level_5(), _plate()),
        "gse70138": _gse70138,
        "gse106127": knockdowns,
        "merged": lambda: stack(_gse70138(), knockdowns()),
    }


def _real(values: np.ndarray, genes: pd.DataFrame, meta: pd.DataFrame) -> Signatures:
    clipped = np.clip(np.asarray(values, dtype=np.float32), -CLIP, CLIP)
    return Signatures(clipped, tuple(genes["entrez"]), tuple(genes["symbol"]), meta)


def _level_5() -> Signatures:
    path = registry.fetch("lincs/level-5")
    return _small(gctx.read(path), gctx.read_meta(path), "brew_prefix", "signatures (level 5)")


def _plate() -> Signatures:
    """Z-scores computed from level 3: those of the level-4 file are 0.86 too high in every gene."""
    values, meta = gct.read(registry.fetch("lincs/level-3-plate"))
    z = robust_z(values, meta.columns["det_plate"].to_numpy())
    return _small(z, meta, "det_plate", "wells of a plate (level 4)")


def _small(values: np.ndarray, meta: gctx.Meta, plate: str, series: str) -> Signatures:
    """Signatures whose genes have Entrez ids in a field; classes from common pharmacology."""
    genes = landmarks()
    values = in_order(values, meta.rows["pr_gene_id"], genes["entrez"])
    named = {"plate": meta.columns[plate].to_numpy(dtype=object), "series": series}
    table = described(meta.columns, meta.column_ids, **named)
    return _real(values, genes, annotations.with_classes(table, annotations.DRUG_CLASSES, by="pert_name"))


def _gse70138() -> Signatures:
    path = registry.fetch("lincs/gse70138-genes")
    table = read_table(path, columns=["pr_gene_id", "pr_gene_symbol", "pr_is_lm"], sep="\t")
    unknown = sorted(set(table["pr_is_lm"]) - {"0", "1"})
    if unknown:
        raise DataError(f"{path}: pr_is_lm must be 0 or 1, but holds {unknown[0]!r}.")
    names = {"pr_gene_id": "entrez", "pr_gene_symbol": "symbol"}
    genes = table[table["pr_is_lm"] == "1"].rename(columns=names)
    found = _series("gse70138", genes)
    known = read_table(registry.fetch("lincs/published-neighbours"), columns=["pcl"])["pcl"]
    classes = annotations.read_classes(registry.fetch("lincs/pcl-classes"), known)
    return replace(found, meta=annotations.with_classes(found.meta, classes))


def _series(name: str, genes: pd.DataFrame | None = None) -> Signatures:
    """Landmark genes of a series at GEO, extracted once; fields are joined by id."""
    genes = landmarks() if genes is None else genes
    path, out = registry.fetch(f"lincs/{name}"), paths.data() / "lincs" / f"{name}-landmarks.f32"
    values, ids = gctx.landmark_memmap(path, out, genes["entrez"].tolist())
    table = read_table(registry.fetch(f"lincs/{name}-signatures"), sep="\t")
    if "sig_id" not in table:
        raise DataError(f"{name}: its table of signatures has no column 'sig_id'.")
    table = table.set_index("sig_id")
    missing, n_double = len(set(ids) - set(table.index)), int(table.index.duplicated().sum())
    if missing or n_double:
        found = f"lacks {missing} and names {n_double} more than once"
        raise DataError(f"{name}: its table of signatures {found}.")
    meta = described(table.loc[ids].reset_index(drop=True), ids, series=name.upper())
    return _real(values, genes, meta)
