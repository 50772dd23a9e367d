"""The files that the published notebooks hand on, as csv and npz in place of pickles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from reread.core.errors import DataError, did_you_mean
from reread.core.measured import slug
from reread.maize.data import load as sources
from reread.maize.data.splits import Split
from reread.maize.data.tables import Expression
from reread.maize.methods.gene_rankings import PUBLISHED
from reread.maize.methods.gene_sets import rank_top, top_union, union_rule


@dataclass(frozen=True, eq=False)
class Ranked:
    """What the chapter on genes leaves behind.

    Attributes
    ----------
    scores : dict of str to float array, (tissue, gene)
    genes, samples : tuple of str
        Names, to be compared with those of the data that is loaded again.
    test : int array, (sample,)
        Rows of the samples held out; only the published arm explains them.
    """

    scores: dict[str, np.ndarray]
    genes: tuple[str, ...]
    samples: tuple[str, ...]
    test: np.ndarray

    def sets(self, k: int) -> dict[str, np.ndarray]:
        """Genes of each method, int (member,): the top ``k`` a tissue, or for 0 the published union rule."""
        return {
            name: top_union(scores, k) if k else union_rule(scores)[1] for name, scores in self.scores.items()
        }

    def rows_of(self, data: Expression) -> np.ndarray:
        """Rows (sample,) of ``data`` that were held out.

        Raises
        ------
        DataError
            If genes or samples are not those that were ranked.
        """
        pairs = (("genes", self.genes, data.genes), ("samples", self.samples, data.samples))
        for what, mine, theirs in pairs:
            if mine != theirs:
                raise DataError(
                    f"The rankings have {len(mine)} {what}, the data {len(theirs)}, or in another order.\n"
                    "Run the chapter on genes again with the same source, n_genes and seed."
                )
        return self.test


def save(folder: Path, rankings: Mapping[str, np.ndarray], data: Expression, split: Split) -> list[str]:
    """Write ``shap_scores``, ``shap_ranks``, ``shap_genes``: npz of every method, csv of the published one.

    Parameters
    ----------
    folder : Path
    rankings : mapping of str to float array, (tissue, gene)
    data : Expression
    split : Split

    Returns
    -------
    list of str
        Names of the files.

    Notes
    -----
    Source: notebook 2 leaves ``shap_scores_smote.pkl``, ``smote_ranks.pkl`` and ``shap_genes.pkl``. A csv has
    the layout of their tables: scores gene by tissue, ranks with the best gene of each tissue in the first
    row, and the genes of the union rule.
    """
    genes = np.array(data.genes)
    shown = rankings.get(PUBLISHED, next(iter(rankings.values())))
    order = rank_top(shown, len(genes))
    columns = list(data.tissues)
    ranks = pd.DataFrame(np.where(order.T < 0, "", genes[order.T]), columns=columns)
    tables = {
        "shap_scores": pd.DataFrame(shown.T, index=pd.Index(genes, name="gene"), columns=columns),
        "shap_ranks": ranks,
        "shap_genes": pd.DataFrame({"gene": genes[union_rule(shown)[1]]}),
    }
    for name, table in tables.items():
        table.to_csv(
            folder / f"{name}.csv", index=name == "shap_scores", float_format="%.6g", lineterminator="\n"
        )
    np.savez_compressed(
        folder / "shap_scores.npz", scores=np.stack(list(rankings.values())), methods=list(rankings),
        genes=genes, tissues=columns, samples=np.array(data.samples), test=split.test,
    )  # fmt: skip
    np.savez_compressed(
        folder / "shap_ranks.npz", **{slug(m): rank_top(s, len(genes)) for m, s in rankings.items()}
    )
    np.savez_compressed(folder / "shap_genes.npz", **{slug(m): union_rule(s)[1] for m, s in rankings.items()})
    return [f"{name}.{kind}" for name in tables for kind in ("csv", "npz")]


def load(path: Path) -> Ranked:
    """Read ``shap_scores.npz`` back.

    Raises
    ------
    DataError
        If the file is not one of these.
    """
    try:
        with np.load(path, allow_pickle=False) as found:
            scores = dict(zip(found["methods"].tolist(), found["scores"], strict=True))
            names = (tuple(found[name].tolist()) for name in ("genes", "samples"))
            return Ranked(scores, *names, found["test"])
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{path} is no file of scores: {error}\nRun the chapter on genes again.") from None


def again(upstream: Iterable, source: str) -> tuple[Expression, Ranked]:
    """The samples of a source as the chapter on genes loaded them, and the scores that it left behind.

    Parameters
    ----------
    upstream : iterable of Upstream
        Finished pages of that chapter.
    source : str

    Raises
    ------
    DataError
        If no page has read the source, or its data are others by now.
    """
    pages = list(upstream)
    fits = [page for page in pages if page.record["parameters"]["source"] == source]
    if not fits:
        known = sorted({page.record["parameters"]["source"] for page in pages})
        raise DataError(f"No page ranked the genes of {source!r}. {did_you_mean(source, known)}")
    given = fits[0].record["parameters"]
    samples = sources.load(source, n_genes=given["n_genes"], seed=given["seed"])
    ranked = load(fits[0].artifact("shap_scores.npz"))
    ranked.rows_of(samples)
    return samples, ranked


def save_v(folder: Path, stem: str, table: pd.DataFrame, nulls: Mapping[str, Sequence[float]]) -> None:
    """Write V-measures as csv, and those of the random sets of each method as npz, under one stem."""
    table.to_csv(folder / f"{stem}.csv", index=False, float_format="%.10g", lineterminator="\n")
    np.savez_compressed(
        folder / f"{stem}.npz", **{slug(name): np.asarray(null) for name, null in nulls.items()}
    )
