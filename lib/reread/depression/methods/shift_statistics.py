"""Tests of whether a gene's shift means anything: the published one, one by refits, one by matched genes."""

import random

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student

from reread.core import moderated
from reread.core.errors import DataError
from reread.core.stats import benjamini_hochberg

POOL, POOL_SEED = 100_000, 42
LEVEL, MIN_REFITS = 0.05, 20
MIN_SHARE = 0.25  # of the perturbed cells: a gene that fewer express is not tested
SAME_RANK = 1.3


def published(shifts: pd.DataFrame) -> pd.DataFrame:
    """Test each gene as Geneformer does: rank-sum of its shifts against the pool of all, then BH.

    ``shifts`` has ``gene`` and ``shift`` of each variant of each cell. Returns ``gene``, ``shift`` (mean),
    ``n_cells``, ``p``, ``fdr`` and ``is_called`` (FDR below 0.05), called genes first. Cells count as
    independent, and the pool holds the gene's own shifts too. Source: ``isp_stats_to_goal_state``
    (in_silico_perturber_stats.py at 4bddd45); here the pool is sorted once.
    """
    ordered = shifts.sort_values("gene", kind="stable")
    pool = ordered["shift"].to_numpy(dtype=np.float64)
    if len(pool) > POOL:
        random.seed(POOL_SEED)
        pool = np.array(random.sample(pool.tolist(), k=POOL))
    pool = np.sort(pool)
    below = sum(np.searchsorted(pool, ordered["shift"], side=side) for side in ("left", "right")) / 2
    by_gene = ordered.assign(below=below).groupby("gene")
    table = by_gene.agg(shift=("shift", "mean"), n_cells=("shift", "size"), below=("below", "sum"))
    n, m = len(pool), table["n_cells"]
    z = (table.pop("below") - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12)
    table["p"] = 2 * norm.sf(z.abs())
    table["fdr"] = benjamini_hochberg(table["p"])
    table = table.assign(is_called=table["fdr"] < LEVEL).reset_index()
    return table.sort_values(["is_called", "shift"], ascending=False, kind="stable", ignore_index=True)


def toward_case(shifts: pd.DataFrame) -> pd.Series:
    """Shift towards the case state less that towards the control state, wherever the cell starts."""
    return (shifts["shift"] - shifts["from_start"]) * np.where(shifts["start"] == "control", 1.0, -1.0)


def gene_matrix(shifts: pd.DataFrame, change: str) -> tuple[pd.DataFrame, pd.Series]:
    """Mean shift toward the case state (model, gene) over cells of both states, and cells of each gene.

    The shifts of a cell count from their median, in their standard deviations: cells differ in how far they
    move at all. Genes of few cells, whose mean varies, are left out.
    """
    rows = shifts[shifts["change"] == change]
    value = toward_case(rows)
    of_cell = value.groupby([rows["model"], rows["cell"]])
    value = (value - of_cell.transform("median")) / of_cell.transform("std")
    means = rows.assign(value=value).groupby(["model", "gene"])["value"].agg(["mean", "size"])
    n_cells = means["size"].groupby("gene").min()
    kept = n_cells.index[n_cells >= MIN_SHARE * rows["cell"].nunique()]
    return means["mean"].unstack("gene")[kept], n_cells[kept]


def against_refits(shifts: pd.DataFrame, change: str, *, level: float = LEVEL) -> pd.DataFrame:
    """Test each gene against models that were refitted on permuted donor labels.

    ``shifts`` come from ``refits.read_shards``. Returns ``gene``, ``toward_case`` (mean over cells, in
    standard deviations of a cell), ``n_cells``, ``z`` (in robust standard deviations over the genes of a
    model), ``t``, ``p``, ``fdr`` and ``is_called`` (FDR at most ``level``). ``low`` and ``high`` bound 95 %
    of the refits, in units of model 0. DataError below two refits, or three genes.

    Each gene is compared with itself in the refits: ``t = (z - mean) / (sd * sqrt(1 + 1 / R))``, its variance
    over R refits shrunk towards that of all genes (moderated t, Smyth 2004); the null holds what a network
    learns from chance differences between donors. Without the scale of each model, one that has learned a
    disease would move every gene further. Genes share their networks: ``fdr`` is that of Benjamini and
    Yekutieli 2001, which holds for any dependence.
    """
    values, n_cells = gene_matrix(shifts, change)
    if len(values) < 3 or 0 not in values.index or len(values.columns) < 3:
        raise DataError(
            f"Model 0, at least 2 refits and 3 genes are needed, but models {list(values.index)[:5]} and "
            f"{len(values.columns)} genes are here.\nUse n_refits={MIN_REFITS} or more, and genes='' (all)."
        )
    centred = values.sub(values.median(axis=1), axis=0)
    scale = centred.abs().median(axis=1) * 1.4826
    z = centred.div(scale, axis=0)
    null = z.drop(index=0)
    low, high = (null.quantile(q) * scale[0] + values.loc[0].median() for q in (0.025, 0.975))
    variance, freedom = moderated.shrink(null.var().to_numpy(), len(null) - 1)
    t = (z.loc[0] - null.mean()) / np.sqrt(variance * (1 + 1 / len(null)))
    table = pd.DataFrame({"toward_case": values.loc[0], "n_cells": n_cells, "z": z.loc[0]})
    table = table.assign(low=low, high=high, t=t).rename_axis("gene").reset_index()
    table["p"] = 2 * student.sf(table["t"].abs(), freedom)
    dependence = (1 / np.arange(1, table["p"].count() + 1)).sum()
    table["fdr"] = np.minimum(1, dependence * benjamini_hochberg(table["p"]))
    return table.assign(is_called=table["fdr"] <= level)


def noise_floor(shifts: pd.DataFrame, change: str) -> float:
    """Size of shift (standard deviations of a cell) that 95 % of genes stay below with permuted donor labels.

    ``shifts`` come from ``refits.read_shards``.
    """
    values, _ = gene_matrix(shifts, change)
    return float(np.quantile(values.drop(index=0, errors="ignore").abs(), 0.95))


def against_controls(shifts: pd.DataFrame, change: str) -> pd.DataFrame:
    """Compare each gene with genes of similar rank and detection in model 0: an effect size, no test.

    Controls have a mean rank and a number of cells within a factor of 1.3. Returns ``gene``, ``n_controls``,
    ``excess`` (shift less their mean) and ``share_beyond`` (of the controls that are as far from it). Source:
    rank-matched genes, as petadimensionlab/Geneformer chooses them by hand.
    """
    rows = shifts[(shifts["model"] == 0) & (shifts["change"] == change)]
    values, n_cells = gene_matrix(rows, change)
    log_rank = np.log(rows.groupby("gene")["rank"].mean()[values.columns].to_numpy() + 1)
    log_cells, shift, limit = np.log(n_cells.to_numpy()), values.loc[0].to_numpy(), np.log(SAME_RANK)
    found = []
    for i, gene in enumerate(values.columns):
        near = (np.abs(log_rank - log_rank[i]) <= limit) & (np.abs(log_cells - log_cells[i]) <= limit)
        near[i] = False
        mean = shift[near].mean() if near.any() else np.nan
        beyond = np.abs(shift[near] - mean) >= abs(shift[i] - mean)
        found.append((gene, near.sum(), shift[i] - mean, beyond.mean() if near.any() else np.nan))
    return pd.DataFrame(found, columns=["gene", "n_controls", "excess", "share_beyond"])


def calibrate(is_called: npt.ArrayLike, is_disease_gene: npt.ArrayLike) -> dict[str, float]:
    """Compare calls with the truth: n_called, power, false_share (of the calls) and type_1 (of other genes).

    NaN is a share of nothing: a test without calls has no false share, and cannot pass for a true one.
    """
    called, disease = (pd.Series(np.asarray(one, dtype=bool)) for one in (is_called, is_disease_gene))
    shares = {"power": called[disease], "false_share": ~disease[called], "type_1": called[~disease]}
    return {"n_called": int(called.sum())} | {name: float(one.mean()) for name, one in shares.items()}


def interpretation(model_auroc: float, baseline_auroc: float, n_refits: int) -> str:
    """Why shifts may not be interpreted, in words; empty where nothing speaks against it."""
    if model_auroc < baseline_auroc:
        scores = f"(AUROC {model_auroc:.3f}) is below logistic regression ({baseline_auroc:.3f})"
        return f"on held-out donors the network {scores}"
    few = f"only {n_refits} refits on permuted donor labels were made, and {MIN_REFITS} are needed"
    return few if n_refits < MIN_REFITS else ""
