"""Read expression: a csv in the authors' format, and the libraries of Walley 2016 with their organs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from reread.core.errors import DataError, did_you_mean
from reread.core.files import written_whole
from reread.core.tables import header, read_table
from reread.maize.data.tables import Expression, refuse_repeats

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


STUDY = "study"
GAP = 50  # accessions further apart than this are taken as different studies
VERIFY = "Run:  reread data verify maize"


def read_expression(path: Path) -> Expression:
    """Read a csv of samples by genes whose first column is the sample and whose last is its tissue."""
    path = Path(path)
    names = header(path, ",")
    if len(names) < 3 or "" in names[1:]:
        raise DataError(
            f"{path} must have a column of samples, named columns of genes and a last column of tissues, but "
            f"has {len(names)} columns, {names[1:].count('')} without a name.\nIs the separator a comma?"
        )
    first, last = names[0], names[-1]
    genes = [name for name in names[1:-1] if name != STUDY]
    table = read_table(path, text=[first, STUDY, last], sep=",", dtype="float32")
    samples = tuple(_filled(path, table[first], first or "sample"))
    words = _words(path, table[last], last)
    tissues = tuple(sorted(set(words)))
    tissue = np.array([tissues.index(word) for word in words])
    group = np.array(_words(path, table[STUDY], STUDY)) if STUDY in names[1:-1] else _groups_of(samples)
    counts = pd.DataFrame({"tissue": tissue, "group": group}).groupby(["tissue", "group"]).cumcount()
    with _naming(path):
        values = table[genes].to_numpy(np.float32)
        return Expression(values, tissue, tissues, samples, tuple(genes), counts.to_numpy() + 1, group)


def write_table(data: Expression, path: Path) -> None:
    """Write a csv (sample, genes, tissue) in the authors' format, whole, with six digits.

    Raises OSError if the file cannot be written. :func:`read_expression` reads it back.
    """
    table = pd.DataFrame(data.values, index=pd.Index(data.samples, name="sample"), columns=list(data.genes))
    table["tissue"] = np.asarray(data.tissues, dtype=object)[data.tissue]
    with written_whole(Path(path)) as part:
        table.to_csv(part, float_format="%.6g", lineterminator="\n")


def _groups_of(samples: tuple[str, ...]) -> np.ndarray:
    """Guess the study of each sample (sample,) from accessions that follow each other."""
    parts = [re.fullmatch(r"([A-Za-z]*)(\d+)", name) for name in samples]
    keyed = sorted((m[1], int(m[2]), i) for i, m in enumerate(parts) if m)
    group = np.array(samples, dtype=object)
    for before, here in zip([("", -GAP, -1), *keyed], keyed, strict=False):
        if before[2] >= 0 and before[0] == here[0] and here[1] - before[1] <= GAP:
            group[here[2]] = group[before[2]]
    return group.astype(str)


def read_walley(libraries: Mapping[str, Path], samples: Path) -> Expression:
    """Assemble the libraries of Walley 2016 from cufflinks tables and the list of runs."""
    with _naming(Path(samples)):
        listed = read_table(Path(samples), columns=["Run", "sample", "replicate"], sep="\t")
        refuse_repeats("sample", tuple(listed["Run"]))
        is_odd = ~listed["replicate"].str.contains(r"_\d+$")
        if is_odd.any():
            odd = listed[is_odd].iloc[0]
            wanted = f"the replicate of {odd['Run']} must end in _ and a number"
            raise DataError(f"{samples}: {wanted}, but is {odd['replicate'][:80]!r}.\n{VERIFY}")
        unlisted = sorted(set(libraries) - set(listed["Run"]))
        if unlisted or not libraries:
            unknown = ", ".join(unlisted[:3]) or "any library"
            raise DataError(f"{samples} does not list {unknown}.\nRun:  reread data get maize")
        listed = listed[listed["Run"].isin(list(libraries))]
        runs, stage = tuple(listed["Run"]), listed["sample"].to_numpy(dtype=str)
        tissue, organs = organ_of(stage)
    how = {"columns": ["gene_id", "FPKM"], "numbers": ["FPKM"], "sep": "\t"}
    tables = {run: read_table(Path(libraries[run]), **how) for run in runs}
    genes = _common_genes(tables, libraries)
    # rows of one gene are added
    rows = [(genes.get_indexer(table["gene_id"]), table["FPKM"]) for table in tables.values()]
    values = np.stack([np.bincount(*pair, len(genes)) for pair in rows]).astype(np.float32)
    replicate = listed["replicate"].str.rsplit("_", n=1).str[-1].astype(int).to_numpy()
    return Expression(values, tissue, organs, runs, tuple(genes), replicate, stage)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Add the name of the file to an error about what it holds."""
    try:
        yield
    except DataError as error:
        raise error if str(path) in str(error) else DataError(f"{path}: {error}") from None


def _words(path: Path, column: pd.Series, label: str) -> list[str]:
    """A column of names; numbers there are a gene, or labels that have lost their names."""
    words = _filled(path, column, label)
    if pd.to_numeric(pd.Series(words), errors="coerce").notna().any():
        found = f"{path}: the column {label!r} must hold names, but holds numbers"
        raise DataError(f"{found}.\nThe last column is the tissue; write names in place of numbers.")
    return words


def _filled(path: Path, column: pd.Series, label: str) -> list[str]:
    """A column of text without blanks around it; an empty cell is refused."""
    words = [word.strip() for word in column]
    if "" in words:
        line = words.index("") + 2
        raise DataError(f"{path}, line {line}: {label} is empty.\nFill it in, or drop the row.")
    return words


def _common_genes(tables: Mapping[str, pd.DataFrame], libraries: Mapping[str, Path]) -> pd.Index:
    """Sorted genes that every library holds; a library that departs from most of the others is named."""
    held = {run: frozenset(table["gene_id"]) for run, table in tables.items()}
    votes = Counter(held.values())
    most = max(votes, key=lambda genes: (votes[genes], len(genes)))
    for run, genes in held.items():
        if genes != most:
            odd = min(genes ^ most)
            where = "is missing there" if odd in most else "is in no other library"
            wanted = f"the {len(most)} genes of the other libraries"
            found = f"{len(genes)}; {odd[:80]} {where}"
            raise DataError(f"{libraries[run]} must hold {wanted}, but holds {found}.\n{VERIFY}")
    return pd.Index(sorted(most))
