"""Figures of the chapter on variant effects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core import charts
from reread.core.diagrams import flow
from reread.core.figures import PALETTE, Drawn, new
from reread.genomes.data.cohort import Cohort
from reread.genomes.data.simulate import true_log_expression
from reread.genomes.methods.variant_effects import allele_windows, overlap_null

SCORES = {"fold": "log fold change at the start", "whole": "mean over all bins and tracks (published)"}
RANKINGS = {
    "overlap": "score plus association (published)",
    "null_mean": "permuted score plus association",
    "score_only": "score alone",
    "chance": "any list",
}
LETTERS = "ACGT"
LETTER_COLOURS = dict(zip(LETTERS, (PALETTE[2], PALETTE[0], PALETTE[5], PALETTE[1]), strict=True))


def true_effects(cohort: Cohort) -> npt.NDArray[np.float64]:
    """True effect (variant,) of every variant of every gene, in natural log, by the simulation."""
    parts = []
    for gene in range(len(cohort.expression.genes)):
        alone, _ = allele_windows(cohort, gene)
        made = true_log_expression(np.concatenate([cohort.reference_window(gene)[None], alone]))
        parts.append(made[1:] - made[0])
    return np.concatenate(parts)


def overlaps(found: dict[str, float]) -> Drawn:
    """Draw the variants that each ranking shares with the best associations, from ``overlap_null``."""
    rows = [(name, found[name], found["null_low"], found["null_high"]) for name in RANKINGS]
    table = pd.DataFrame(rows, columns=["ranking", "shared", "low", "high"])
    table.loc[table["ranking"] != "null_mean", ["low", "high"]] = np.nan
    labels = RANKINGS | {
        "overlap": "variants shared with the best associations",
        "ranking": "variants ranked by",
    }
    return charts.dots(table, "shared", "ranking", low="low", high="high", labels=labels)


def overlap_table(effects: pd.DataFrame, *, k: int, n: int, seed: int) -> pd.DataFrame:
    """Test the published overlap for every score of the network.

    ``k`` is the length of both lists, ``n`` the number of permutations. One row a score: score, and the keys
    of ``variant_effects.overlap_null`` (numbers of variants, and p). ParameterError if there are at most
    ``k`` variants.
    """
    rows = [
        {
            "score": name,
            **overlap_null(effects[name].to_numpy(), effects["p"].to_numpy(), k=k, n=n, seed=seed),
        }
        for name in SCORES
        if name in effects
    ]
    return pd.DataFrame(rows)


def simulate_gwas(effects: pd.DataFrame, truth: npt.NDArray[np.float64], path: Path, *, seed: int) -> Path:
    """Write a file like that of the GWAS catalogue: variants that a large study found, and faulty rows.

    ``truth`` (variant,) are true effects. The study has a z of 4 true standard deviations with noise of 1,
    and lists p below 5e-8. Returns ``path``.
    """
    from scipy.stats import norm

    z = 4 * truth / truth.std() + np.random.default_rng([seed, 17]).normal(size=len(truth))
    p = 2 * norm.sf(np.abs(z))
    names = np.array([f"rs{1000 + i}" for i in range(len(p))], dtype=object)
    table = pd.DataFrame(
        {
            "SNPS": names, "CHR_ID": effects["contig"].str.removeprefix("chr"),
            "CHR_POS": effects["position"].astype(str), "P-VALUE": [f"{one:.0E}" for one in p],
            "DISEASE/TRAIT": "simulated trait", "MAPPED_GENE": effects["gene"],
            "STRONGEST SNP-RISK ALLELE": names + "-?",
        }
    )[p < 5e-8]  # fmt: skip
    faulty = table.head(3).copy()
    faulty[["SNPS", "CHR_POS"]] = [["rs1", ""], ["rs1 x rs2", "5 x 9"], ["rs1; rs2", "5;9"]][: len(faulty)]
    pd.concat([table, faulty]).to_csv(path, sep="\t", index=False)
    return path


def mark(effects: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    """Add the column trait to ``effects``: that of the catalogue at the same position, or empty."""
    at = ["contig", "position"]
    traits = catalogue.groupby(at, as_index=False)["trait"].agg(lambda one: "; ".join(sorted(set(one))))
    bare = effects.assign(contig=effects["contig"].str.removeprefix("chr"))
    return effects.assign(trait=bare.merge(traits, on=at, how="left")["trait"].fillna("").to_numpy())


def against_truth(effects: pd.DataFrame, truth: npt.NDArray[np.float64]) -> Drawn:
    """Draw predicted over true effects (natural log), a panel for each score; listed variants are marked."""
    listed = np.where(effects["trait"] != "", "in the GWAS catalogue", "not listed")
    parts = [
        pd.DataFrame({"true": truth, "predicted": effects[name], "score": words, "variant": listed})
        for name, words in SCORES.items()
    ]
    labels = {"true": "true effect (log)", "predicted": "predicted effect"}
    return charts.scatter(
        pd.concat(parts), "true", "predicted", hue="variant", panel="score", labels=labels, shared=False,
        order={"variant": ["not listed", "in the GWAS catalogue"]},
    )  # fmt: skip


def listed_share(marked: pd.DataFrame, *, k: int) -> dict[str, float]:
    """Share (0 to 1) of listed variants among the ``k`` largest of each score, and among all."""
    listed = (marked["trait"] != "").to_numpy()
    largest = {name: np.argsort(-marked[name].abs().to_numpy(), kind="stable")[:k] for name in SCORES}
    return {name: float(listed[rows].mean()) for name, rows in largest.items()} | {"all": listed.mean()}


def sign_agreement(effects: pd.DataFrame, truth: npt.NDArray[np.float64]) -> dict[str, float]:
    """Share (0 to 1) of variants whose predicted sign is that of the true effect, by score.

    ``truth`` (variant,) are true effects in natural log; only the tenth with the largest size counts.
    """
    largest = np.abs(truth) >= np.quantile(np.abs(truth), 0.9)
    return {
        name: float((np.sign(effects[name][largest]) == np.sign(truth[largest])).mean()) for name in SCORES
    }


def mutations(ratio: npt.NDArray[np.float64], window: npt.NDArray[np.uint8]) -> Drawn:
    """Draw the log ratio (base, 4) of every substitution of the middle bases, by distance (bases)."""
    places = np.arange(len(ratio)) - len(ratio) // 2
    table = (
        pd.DataFrame(ratio, columns=list(LETTERS)).assign(distance=places).melt("distance", var_name="base")
    )
    labels = {"distance": "bases from the start", "base": "new base", "value": "log ratio"}
    return charts.heatmap(table, "distance", "base", "value", labels=labels, numbers="", middle=0.0)


def logo(ratio: npt.NDArray[np.float64], window: npt.NDArray[np.uint8]) -> Drawn:
    """Draw a sequence logo: the height of a base is minus the mean log ratio of what replaces it.

    The table has distance, base and height; a tall base is needed for expression, one below 0 hinders it.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    length, middle = len(ratio), len(window) // 2
    places = np.arange(length) - length // 2
    bases = [chr(one) for one in window[middle - length // 2 : middle + length // 2]]
    heights = -ratio.sum(axis=1) / 3
    table = pd.DataFrame({"distance": places, "base": bases, "height": heights})
    figure, axes = new(height_in=2.2)
    for place, base, height in table.itertuples(index=False):
        path = TextPath((0, 0), base, size=1)
        box = path.get_extents()
        fit = Affine2D().translate(-box.x0, -box.y0).scale(0.9 / box.width, height / box.height)
        axes.add_patch(
            PathPatch(
                fit.translate(place - 0.45, 0).transform_path(path),
                facecolor=LETTER_COLOURS[base],
                linewidth=0,
            )
        )
    edge = 1.1 * np.abs(heights).max()
    axes.set(xlim=(places[0] - 1, places[-1] + 1), ylim=(min(heights.min() * 1.1, -0.1 * edge), edge))
    axes.set(xlabel="bases from the start", ylabel="importance of the base")
    axes.axhline(0, color="#4d4d4d", linewidth=0.8)
    best = table.loc[table["height"].abs().idxmax()]
    alt = (
        f"Sequence logo of {length} bases at the transcription start. The tallest letter is {best['base']} "
        f"at {best['distance']:+d} with an importance of {best['height']:.3f}."
    )
    return Drawn(figure, table, alt)


def circle() -> Drawn:
    """Draw why the published overlap is circular, as boxes."""
    columns = [["network score", "association p value"], ["ranking by the sum of both", "ranking by p value"],
               ["overlap of the best 50"]]  # fmt: skip
    arrows = [
        ("network score", columns[1][0]), ("association p value", columns[1][0]),
        ("association p value", columns[1][1]), *((box, columns[2][0]) for box in columns[1]),
    ]  # fmt: skip
    return flow(columns, arrows, marked={columns[1][0]: "the p value is compared with itself"})


def null_word(found: dict[str, float]) -> str:
    """Say whether the published overlap exceeds what a permuted score reaches."""
    return "exceeds" if found["overlap"] > found["null_high"] else "does not exceed"
