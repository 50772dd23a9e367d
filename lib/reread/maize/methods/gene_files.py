"""The files that the published notebooks leave for each other, as csv and npz in place of pickles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reread.core.errors import DataError, did_you_mean
from reread.core.measured import slug
from reread.core.tables import door
from reread.maize.data import load as sources
from reread.maize.data import own
from reread.maize.data.splits import Split
from reread.maize.data.tables import Expression
from reread.maize.methods.attribution import PUBLISHED
from reread.maize.methods.gene_sets import rank_top, top_union, union_rule

AGAIN = "Run the chapter on genes again"


@dataclass(frozen=True, eq=False)
class Ranked:
    """Scores (tissue, gene) of each method, with the genes, samples and held-out rows they belong to."""

    scores: dict[str, np.ndarray]
    genes: tuple[str, ...]
    samples: tuple[str, ...]
    test: np.ndarray

    def sets(self, k: int) -> dict[str, np.ndarray]:
        """Genes (member,) of each method: the top ``k`` of each tissue, or for 0 the published union rule."""
        pairs = self.scores.items()
        return {name: top_union(scores, k) if k else union_rule(scores)[1] for name, scores in pairs}


def save(folder: Path, rankings: Mapping[str, np.ndarray], data: Expression, split: Split) -> None:
    """Write the scores of every method as npz, and scores, ranks and genes of the published one as csv.

    Rankings are (tissue, gene) by method. Raises OSError if a file cannot be written. Source: notebook 2
    leaves pickles of the same content. A csv has their layout: scores gene by tissue, ranks with the best
    gene of each tissue in the first row, and the genes of the union rule.
    """
    genes = np.array(data.genes)
    shown = rankings.get(PUBLISHED, next(iter(rankings.values())))
    order, columns = rank_top(shown, len(genes)), list(data.tissues)
    tables = {
        "shap_scores": pd.DataFrame(shown.T, index=pd.Index(genes, name="gene"), columns=columns),
        "shap_ranks": pd.DataFrame(np.where(order.T < 0, "", genes[order.T]), columns=columns),
        "shap_genes": pd.DataFrame({"gene": genes[union_rule(shown)[1]]}),
    }
    for name, table in tables.items():
        has_index = name == "shap_scores"
        table.to_csv(folder / f"{name}.csv", index=has_index, float_format="%.6g", lineterminator="\n")
    np.savez_compressed(
        folder / "shap_scores.npz", scores=np.stack(list(rankings.values())), methods=list(rankings),
        genes=genes, tissues=columns, samples=np.array(data.samples), test=split.test,
    )  # fmt: skip


def load(path: Path) -> Ranked:
    """Read ``shap_scores.npz`` back."""
    with door(path, "scores of genes") as path, np.load(path, allow_pickle=False) as found:
        methods, genes, samples = (found[name].tolist() for name in ("methods", "genes", "samples"))
        scores, test = found["scores"], found["test"]
        sizes = (len(methods), len(genes))
        is_scores = scores.ndim == 3 and scores.shape[::2] == sizes and scores.dtype.kind == "f"
        is_rows = test.ndim == 1 and test.dtype.kind in "iu" and min(test, default=-1) >= 0
        if not (is_scores and is_rows and test.max() < len(samples)):
            wanted = (
                f"scores of {len(methods)} methods, {len(genes)} genes and rows of {len(samples)} samples"
            )
            found = f"{scores.shape} and {test.shape}"
            raise DataError(f"{path} must hold {wanted}, but holds {found}.\n{AGAIN}.")
        return Ranked(dict(zip(methods, scores, strict=True)), tuple(genes), tuple(samples), test)


def load_again(upstream: Iterable[Any], source: str) -> tuple[Expression, Ranked]:
    """Load the samples of a source as the chapter on genes did, and the scores that it left.

    ``upstream`` holds the finished pages of that chapter. Raises DataError if none has read the source, or
    its data have changed since.
    """
    pages = list(upstream)
    fits = [page for page in pages if page.record["parameters"]["source"] == source]
    if not fits:
        known = sorted({page.record["parameters"]["source"] for page in pages})
        raise DataError(f"No page ranked the genes of {source!r}. {did_you_mean(source, known)}")
    given = fits[0].record["parameters"]
    files = {name: given[name] for name in own.PARAMETERS if name in given}
    samples = sources.load(source, n_genes=given["n_genes"], seed=given["seed"], **files)
    read_then = {name: fits[0].record["values"].get(f"own.{name}") for name in samples.report}
    if read_then != samples.report:
        raise DataError(f"The own files have changed since the genes were ranked.\n{AGAIN}.")
    ranked = load(fits[0].artifact("shap_scores.npz"))
    pairs = (("genes", ranked.genes, samples.genes), ("samples", ranked.samples, samples.samples))
    for what, mine, theirs in pairs:
        if mine != theirs:
            found = f"The rankings have {len(mine)} {what}, the data {len(theirs)}, or in another order"
            raise DataError(f"{found}.\n{AGAIN} with the same source, n_genes and seed.")
    return samples, ranked


def save_v(folder: Path, stem: str, table: pd.DataFrame, nulls: Mapping[str, Sequence[float]]) -> None:
    """Write V-measures and their null distributions.

    ``<stem>.csv`` holds ``table``; ``<stem>.npz`` the V-measures (set,), 0 to 1, of the random sets of each
    method, under the name of the method in lower case, with hyphens. Raises OSError if a file cannot be
    written.
    """
    table.to_csv(folder / f"{stem}.csv", index=False, float_format="%.10g", lineterminator="\n")
    arrays = {slug(name): np.asarray(null) for name, null in nulls.items()}
    np.savez_compressed(folder / f"{stem}.npz", **arrays)
