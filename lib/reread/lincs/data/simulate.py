"""Simulate drugs and knock-downs with known classes, class hierarchy and targets, in z-scores.

Our own model: a class of drugs is a direction in a space of few expression factors, changed by dose, cell
line, off-target effects of each drug, and noise.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from reread.core.errors import ParameterError
from reread.lincs.data.tables import CLIP, Signatures, Truth, meta_frame

FAMILIES = "ABC"
STRENGTH = {"strong": 1.0, "weak": 0.4, "inert": 0.0}
LINES = ("LINE1", "LINE2", "LINE3", "LINE4")
DOSES = (0.12, 1.11, 10.0)  # micromolar
N_REPLICATES, N_TARGETS, N_FACTORS = 2, 2, 24
FAMILY_SHARE = 0.4  # share of the variance of a class programme that its family has in common
LOADED = 0.35  # share of genes that a factor moves
PROGRAM = 1.5  # root mean square over genes of a strong programme at full dose
KNOCKDOWN = 0.9  # the same of a knock-down
MIMICRY = 0.75  # cosine between the programme of a strong class and the knock-down of its target
SEED_EFFECT = 0.7  # the same of the off-target (seed) effect of an shRNA
LINE_SPREAD = 0.25  # how much cell lines differ in the size of the effect
LINE_TURN = 0.35  # and in its direction, as a share of the programme


def simulate(
    seed: int = 0, *, n_genes: int = 978, n_per_family: int = 4, n_drugs: int = 6, n_knockdowns: int = 120,
    n_shrnas: int = 3, noise: float = 1.5, off: float = 1.1,
) -> Signatures:  # fmt: skip
    """Simulate level-5 signatures of drugs and knock-downs; drugs first, with ``truth``.

    Each of the three families has ``n_per_family`` classes. The last class of the first family is weak,
    those of the other two are inert: their drugs share no effect. ``n_drugs`` drugs of a class are given
    to 4 cell lines in 3 doses, twice. Two of the ``n_knockdowns`` genes are targets of each class and
    mimic it. ``noise`` is the standard deviation of a z-score without effect, ``off`` the root mean square
    of the off-target programme of a drug. Drug ``A1-d2`` is the second of class ``A1``. Sizes that are too
    small are a ParameterError.
    """
    n_classes = len(FAMILIES) * n_per_family
    if n_per_family < 2 or n_drugs < 2 or n_knockdowns < N_TARGETS * n_classes or n_shrnas < 1:
        raise ParameterError(
            f"A simulation needs two classes a family, two drugs a class and {N_TARGETS * n_classes} "
            f"knock-downs, but n_per_family={n_per_family}, n_drugs={n_drugs}, n_knockdowns={n_knockdowns}."
        )
    rng = np.random.default_rng(seed)
    design, factors = _sampled_design(rng, n_genes, n_per_family)
    drugs, drug_meta = _drugs(rng, design, n_drugs, off)
    downs, down_meta, targeted = _knockdowns(rng, design, n_knockdowns, n_shrnas)
    effect = np.concatenate([drugs, downs]) @ factors
    values = effect + noise * rng.standard_normal(effect.shape)
    meta = pd.concat([drug_meta, down_meta], ignore_index=True)
    names = drug_meta[["pert_name", "pcl"]].drop_duplicates().itertuples(index=False)
    targets = {drug: targeted[pcl] for drug, pcl in names}
    truth = replace(design, programs=design.programs @ factors, targets=targets)
    return Signatures(
        np.clip(values, -CLIP, CLIP).astype(np.float32),
        tuple(str(1001 + i) for i in range(n_genes)), tuple(f"GENE{i + 1:03d}" for i in range(n_genes)),
        meta, truth,
    )  # fmt: skip


def _sampled_design(rng: np.random.Generator, n_genes: int, n_per_family: int) -> tuple[Truth, np.ndarray]:
    """Classes with programmes (pcl, factor), and the factors (factor, gene); size in ``PROGRAM``."""
    factors = rng.standard_normal((N_FACTORS, n_genes)) * (rng.random((N_FACTORS, n_genes)) < LOADED)
    factors = np.sqrt(n_genes) * _unit(factors)
    kinds = ["strong"] * (n_per_family - 1)
    strength = tuple(kind for last in ("weak", "inert", "inert") for kind in (*kinds, last))
    families = tuple(np.repeat(range(len(FAMILIES)), n_per_family).tolist())
    shared = _unit(rng.standard_normal((len(FAMILIES), N_FACTORS)))
    own = _unit(rng.standard_normal((len(families), N_FACTORS)))
    mixed = np.sqrt(FAMILY_SHARE) * shared[list(families)] + np.sqrt(1 - FAMILY_SHARE) * own
    size = PROGRAM * np.array([STRENGTH[kind] for kind in strength])
    names = tuple(f"{FAMILIES[family]}{i % n_per_family + 1}" for i, family in enumerate(families))
    return Truth(_unit(mixed) * size[:, None], names, strength, {}, families), factors


def _drugs(
    rng: np.random.Generator, design: Truth, n_drugs: int, off: float
) -> tuple[np.ndarray, pd.DataFrame]:
    """Effects (signature, factor) of every drug, cell line, dose and replicate, and their metadata."""
    shape = (len(design.pcls), n_drugs, len(LINES), len(DOSES), N_REPLICATES)
    pcl, drug, line, dose, replicate = (one.ravel() for one in np.indices(shape))
    half_dose = np.exp(rng.normal(np.log(0.6), 0.9, shape[:2]))[pcl, drug]
    amount = 1 / (1 + half_dose / np.array(DOSES)[dose])  # Hill's curve, of slope one
    gain = 1 + LINE_SPREAD * rng.standard_normal((len(LINES), len(design.pcls)))[line, pcl]
    size = np.linalg.norm(design.programs, axis=1)
    turned = _unit(rng.standard_normal((len(design.pcls), len(LINES), N_FACTORS))) * size[:, None, None]
    own = off * _unit(rng.standard_normal((*shape[:2], N_FACTORS)))
    effect = (gain * amount)[:, None] * (design.programs[pcl] + LINE_TURN * turned[pcl, line])
    effect += amount[:, None] * own[pcl, drug]
    names = [f"{design.pcls[p]}-d{d + 1}" for p, d in zip(pcl, drug, strict=True)]
    return effect, meta_frame(
        len(pcl),
        sig_id=[f"SIM_{n}_{LINES[c]}_{DOSES[x]:g}_R{r + 1}"
                for n, c, x, r in zip(names, line, dose, replicate, strict=True)],
        pert_id=[f"SIM-D{p * n_drugs + d + 1:03d}" for p, d in zip(pcl, drug, strict=True)],
        pert_name=names, kind="drug", cell=np.array(LINES)[line], dose_um=np.array(DOSES)[dose], time_h=24.0,
        plate=[f"SIM_{LINES[c]}_R{r + 1}" for c, r in zip(line, replicate, strict=True)],
        pcl=np.array(design.pcls)[pcl],
    )  # fmt: skip


def _knockdowns(
    rng: np.random.Generator, design: Truth, n_knockdowns: int, n_shrnas: int
) -> tuple[np.ndarray, pd.DataFrame, dict[str, tuple[str, ...]]]:
    """Effects (signature, factor) of every gene, line and shRNA, their metadata, and targets by class."""
    names = [f"KD{i + 1:03d}" for i in range(n_knockdowns)]
    programs = KNOCKDOWN * _unit(rng.standard_normal((n_knockdowns, N_FACTORS)))
    chosen = rng.permutation(n_knockdowns)[: N_TARGETS * len(design.pcls)].reshape(-1, N_TARGETS)
    share = MIMICRY * np.array([STRENGTH[kind] for kind in design.strength])[:, None, None]
    mimic = KNOCKDOWN * _unit(np.where(share > 0, design.programs[:, None], programs[chosen]))
    programs[chosen] = share * mimic + np.sqrt(1 - share**2) * programs[chosen]
    shape = (n_knockdowns, len(LINES), n_shrnas)
    gene, line, shrna = (one.ravel() for one in np.indices(shape))
    seeds = SEED_EFFECT * _unit(rng.standard_normal((n_knockdowns, n_shrnas, N_FACTORS)))
    gain = 1 + LINE_SPREAD * rng.standard_normal((n_knockdowns, len(LINES)))[gene, line]
    effect = gain[:, None] * programs[gene] + seeds[gene, shrna]
    ids = [f"SIM-{names[g]}-H{h + 1}" for g, h in zip(gene, shrna, strict=True)]
    meta = meta_frame(
        len(gene), sig_id=[f"SIM_{one}_{LINES[c]}" for one, c in zip(ids, line, strict=True)],
        pert_id=ids, pert_name=np.array(names)[gene], kind="knockdown", cell=np.array(LINES)[line],
        time_h=96.0, plate=[f"SIM_{LINES[c]}_H{h + 1}" for c, h in zip(line, shrna, strict=True)],
        gene=np.array(names)[gene],
    )  # fmt: skip
    targets = {
        pcl: tuple(names[i] for i in sorted(row)) for pcl, row in zip(design.pcls, chosen, strict=True)
    }
    return effect, meta, targets


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows scaled to length one; a row of zeros is unchanged."""
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows, dtype=float), where=length > 0)
