"""Organs of the libraries of Walley 2016, and control genes whose tissue is known from textbooks."""

from __future__ import annotations

import numpy as np

from reread.core.errors import DataError, did_you_mean

# Organ to values of the column "sample" of the published list. Its column "tissue" calls the root meristem
# zone the root maturation zone: the organ is the same.
STAGES = {
    "endosperm": ("Endosperm 12 DAP", "Endosperm Crown 27 DAP"),
    "pericarp": ("Pericarp/Aleurone 27 DAP",),
    "embryo": ("Embryo 20 DAP", "Embryo 38 DAP"),
    "kernel": ("Germinatin Kernels 2 DAI",),
    "leaf": ("Leaf Zone 1 (Symmetrical)", "Leaf Zone 2 (Stomatal)", "Leaf Zone 3 (Growth)", "Mature Leaf 8"),
    "meristem": ("Vegetative Meristem 16-19 Day",),
    "internode": ("6-7 internode", "7-8 internode"),
    "ear": ("Ear Primordium 2-4 mm", "Ear Primordium 6-8 mm"),
    "spikelet": ("Female Spikelet Collected on day as silk",),
    "silk": ("Silk",),
    "pollen": ("B73 Mature Pollen",),
    "root": ("Root - Meristem Zone 5 Days", "Root - Elongation Zone 5 Days", "Root - Cortex 5 Days",
             "Primary Root 5 Days", "Secondary Root 7-8 Days"),
}  # fmt: skip
ORGAN_OF = {stage: organ for organ, stages in STAGES.items() for stage in stages}
ORGANS = tuple(STAGES)

# organ to gene name to identifier in B73 v4. Textbooks describe a stage: the mean over all stages of the
# organ is the highest of the twelve for six of the eight genes only.
CONTROL_GENES = {
    "endosperm": {
        "o2": "Zm00001d018971",  # opaque2, master of the zein genes
        "fl2": "Zm00001d049243",  # floury2, a zein; high in the older endosperm only
        "sh2": "Zm00001d044129",  # shrunken2, starch synthesis
        "bt2": "Zm00001d050032",  # brittle2, starch synthesis
        "sh1": "Zm00001d045042",  # shrunken1, sucrose synthase
        "wx1": "Zm00001d045462",  # waxy1, amylose synthesis
    },
    "leaf": {
        "ssu1": "Zm00001d052595",  # small subunit of rubisco; high in the mature leaf, low in leaf zones
        "ppc1": "Zm00001d046170",  # PEP carboxylase of C4 photosynthesis; high in the mature leaf only
    },
}


def organ_of(stages: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Organ number (sample,) of each stage as the published list spells it, and the organs that occur."""
    for name in dict.fromkeys(map(str, stages)):
        if name not in ORGAN_OF:
            raise DataError(f"No organ is recorded for {name[:80]!r}. {did_you_mean(name[:80], ORGAN_OF)}")
    organs = [ORGAN_OF[str(name)] for name in stages]
    present = tuple(organ for organ in ORGANS if organ in organs)
    return np.array([present.index(organ) for organ in organs], dtype=np.int64), present


def control_genes(genes: tuple[str, ...], tissues: tuple[str, ...]) -> list[tuple[str, str, int, int]]:
    """Control genes in the data, as (organ, name, index of the tissue, index of the gene)."""
    place = {gene: i for i, gene in enumerate(genes)}
    return [
        (organ, name, tissues.index(organ), place[gene])
        for organ, named in CONTROL_GENES.items()
        for name, gene in named.items()
        if organ in tissues and gene in place
    ]
