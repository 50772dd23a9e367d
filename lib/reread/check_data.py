"""What the book would make of the reader's own files: the body of ``reread check-data``."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reread import studies
from reread.core import paths
from reread.core.data import matrix, registry
from reread.core.errors import DataError, ParameterError, RereadError, short

SHOWN = 12  # names in a line
Line = tuple[str, str]
Values = dict[str, studies.Value]


@dataclass(frozen=True)
class Kind:
    """Chapter that reads the files of one study first, their parameters in order, and what describes them."""

    chapter: str
    files: tuple[str, ...]
    describe: Callable[[Values], Iterator[Line]]


@dataclass(frozen=True)
class Found:
    """Lines about the files, and whether the book can use them."""

    lines: list[Line]
    is_usable: bool

    def text(self) -> str:
        """Aligned lines; a line of more than one continues below its first."""
        width = max(len(word) for word, _ in self.lines)
        rows = [f"{word:<{width}}  {text}".replace("\n", f"\n{'':{width + 2}}") for word, text in self.lines]
        return "\n".join(rows)


def check(study: str, files: Sequence[str], given: dict[str, str]) -> Found:
    """Read files as the first chapter of a study would; ``given`` are texts of its parameters by name.

    Nothing is run and no file is changed. ParameterError: no such study, too many files, or a parameter that
    the chapter does not have. What is wrong with a file is a line of the result.
    """
    kind = _kind(studies.find(study).key, files)
    chapter = studies.find(study).chapter(kind.chapter.partition(".")[0])
    if len(files) > len(kind.files):
        raise ParameterError(
            f"{study} takes {len(kind.files)} files, {' and '.join(kind.files)}, but {len(files)} came."
        )
    named = dict(zip(kind.files, files, strict=False)) | given
    values = chapter.values("demo") | chapter.parsed(named)
    lines = [_file(name, Path(str(values[name])).expanduser()) for name in kind.files if values.get(name)]
    try:
        lines += kind.describe(values)
    except RereadError as error:
        return Found([*lines, ("not usable", str(error))], is_usable=False)
    is_top = Path.cwd() == paths.root()  # where a page starts its paths
    for name in kind.files if not is_top else ():
        if values.get(name):
            named[name] = str(Path(str(values[name])).expanduser().absolute())
    options = {"source": "own", **named}
    words = " ".join(f"-p {name}={shlex.quote(str(value))}" for name, value in options.items())
    return Found([*lines, ("next", f"reread run {study}/{kind.chapter} {words}")], is_usable=True)


def tell(study: str, files: Sequence[str], given: dict[str, str], *, say: Callable[[str], object]) -> bool:
    """Print what :func:`check` found; return whether the book can use the files."""
    found = check(study, files, given)
    say(found.text())
    return found.is_usable


def _kind(study: str, files: Sequence[str]) -> Kind:
    if study == "lincs" and len(files) < 2:
        return Kind("02-vae.drugs", ("path",), _lincs)
    if study == "genomes" and any(Path(one).name.endswith((".bed", ".bed.gz")) for one in files):
        return Kind("04-prs-and-stacking", ("bed", "genotypes"), _panel)
    return KINDS[study]


def _file(name: str, path: Path) -> Line:
    size = f"{path.stat().st_size / 1e6:,.2f} MB" if path.is_file() else "not there"
    if Path(f"{path}.bed").is_file():
        return name, f"{path}.bed, .bim and .fam (PLINK)"
    return name, f"{path} ({''.join(path.suffixes[-2:]) or 'no suffix'}, {size})"


def _shape(found: matrix.Matrix, what: str = "samples") -> Iterator[Line]:
    """Size, range and annotations of a matrix."""
    zero = float((found.values == 0).mean())
    low, high = found.values.min(), found.values.max()
    yield "shape", f"{len(found.samples):,} {what} × {len(found.genes):,} genes"
    yield "values", f"{low:.4g} to {high:.4g}, {zero:.0%} of them 0"
    yield "names", f"{what} such as {_listed(found.samples[:3])}; genes such as {_listed(found.genes[:3])}"
    if len(found.fields.columns):
        columns = [f"{name} ({column.nunique():,})" for name, column in found.fields.items()]
        yield "columns", f"{_listed(columns)} (with the number of values)"


def _maize(values: Values) -> Iterator[Line]:
    from reread.maize.data import load, own, splits

    files = {name: str(values[name]) for name in own.PARAMETERS}
    read = matrix.read(
        Path(files["expression"]).expanduser(), genes_in=files["genes_in"], layer=files["layer"]
    )
    labels = Path(files["labels"]).expanduser()
    yield from _shape(read.with_fields(labels) if files["labels"] else read)
    data = load.load("own", **files)
    table = load.describe(data)
    yield (
        "tissues",
        _listed([f"{tissue} {n}" for tissue, n in zip(table["tissue"], table["samples"], strict=True)]),
    )
    yield "groups", f"{len(np.unique(data.group))} of {files['group_key']}"
    for kind in splits.KINDS:
        yield _holdout(kind, lambda kind=kind: splits.split(data, kind))


def _holdout(kind: str, split: Callable[[], Sequence]) -> Line:
    """Sizes of the first fold, whose sides are masks or row numbers, or why there is none."""
    try:
        fold = split()[0]
    except DataError as error:
        return f"{kind} hold-out", f"not possible: {error}"
    train, test = (int(rows.sum()) if rows.dtype == bool else len(rows) for rows in (fold.train, fold.test))
    return f"{kind} hold-out", f"{train} training and {test} test samples"


def _lincs(values: Values) -> Iterator[Line]:
    from reread.lincs.data import load, own

    files = {name: str(values[name]) for name in own.PARAMETERS}
    read, _ = own.read_matrix(Path(files["path"]).expanduser())
    yield from _shape(read, "signatures")
    if registry.where("lincs/landmark-order"):
        table = load.landmarks()
        known = max(table[side].isin(read.genes).sum() for side in ("entrez", "symbol"))
        yield "landmark genes", f"{known} of {len(table)}; the networks are trained on the genes of the file"
    found = load.load("own", **files)
    meta = found.meta
    yield "kinds", _listed([f"{kind} {n:,}" for kind, n in meta["kind"].value_counts().items()])
    for word, column in (("perturbations", "pert_name"), ("cell lines", "cell")):
        yield word, f"{meta[column].nunique():,}, such as {_listed(sorted(set(meta[column]))[:3])}"
    for name, unit in (("dose_um", "micromolar"), ("time_h", "hours")):
        n_values, n_missing = meta[name].nunique(), int(meta[name].isna().sum())
        yield name.partition("_")[0], f"{n_values} different ({unit}), not known of {n_missing:,} signatures"
    drugs = meta[meta["pcl"] != ""].groupby("pcl")["pert_name"].nunique()
    yield "classes", f"{len(drugs)}, {int((drugs > 1).sum())} of them with two drugs or more"


def _networks(values: Values) -> Iterator[Line]:
    from reread.networks.data import load, readers

    names = ("expression", "genes_in", "pairs", "negatives")
    files = {name: str(values[name]) for name in names}
    expression, cells = readers.read_own_expression(Path(files["expression"]).expanduser(), files["genes_in"])
    yield "shape", f"{len(cells):,} cells × {len(expression.genes):,} genes"
    yield "values", f"{expression.values.min():.4g} to {expression.values.max():.4g}, taken as log scale"
    yield "names", f"cells such as {_listed(cells[:3])}; genes such as {_listed(expression.genes[:3])}"
    data = load.load("own", **files)
    positive = int((data.pairs.label == 1).sum())
    yield "pairs", f"{len(data.pairs):,}, {positive:,} of them positive, of {len(data.tfs)} TFs"
    yield "left out", f"{data.report['rows_without_expression']:,} rows whose gene has no expression"


def _depression(values: Values) -> Iterator[Line]:
    from reread.depression.data import load, readers, splits

    names = {
        "donor": "donor_key",
        "condition": "condition_key",
        "cell_type": "cell_type_key",
        "layer": "layer",
    }
    named = {name: str(values[parameter]) for name, parameter in names.items()}
    keys = readers.Keys(**named, are_symbols=bool(values["symbols"]))
    cohort = load.load("own", path=str(values["path"]), keys=keys)
    counts = cohort.counts
    yield "shape", f"{len(counts):,} cells × {len(counts.genes):,} genes with Ensembl ids"
    by_condition = counts.cells.groupby("condition")["donor"].nunique()
    donors = [f"{counts.conditions[one]} {n}" for one, n in by_condition.items()]
    each = "each in both conditions" if splits.are_paired(counts.cells) else "one condition each"
    yield "donors", f"{_listed(donors)}; {each}"
    yield _holdout("donor", lambda: splits.by_donor(counts.cells, int(values["n_folds"])))
    yield "cell types", _listed(sorted(set(counts.cells["cell_type"])))
    if registry.where("depression/tokens-v1") and registry.where("depression/gene-medians-v1"):
        known = len(set(counts.genes) & set(load.words("own", counts).medians))
        yield "vocabulary", f"{known:,} of the {len(counts.genes):,} genes are known to Geneformer"


def _locus(values: Values) -> Iterator[Line]:
    from reread.genomes.data import checks, haplotypes, load

    names = ("fasta", "genotypes", "position")
    locus = load.load_locus("own", **{name: str(values[name]) for name in names})
    counts = checks.check_reference(locus.reference, locus.variants)
    yield "contigs", _listed([f"{name} {n:,} bases" for name, n in locus.reference.lengths.items()])
    yield "people", f"{len(locus.variants.people):,}, such as {_listed(locus.variants.people[:3])}"
    reach = int(values["window"]) // 2
    near = locus.variants.within(locus.tss - reach, locus.tss + reach)
    haplotypes.carried_alleles(near, unphased=str(values["unphased"]))
    counts |= {f"left out: {reason}": n for reason, n in locus.variants.dropped.items()}
    yield "variants", _listed([f"{what} {n:,}" for what, n in counts.items()])


def _panel(values: Values) -> Iterator[Line]:
    from reread.genomes.data import panel

    found = panel.load_panel("own", bed=str(values["bed"]), genotypes=str(values["genotypes"]))
    people = found.expression.people
    yield "genes", f"{len(found.expression.genes):,} with expression"
    yield "people", f"{len(people):,} with genotypes and expression, such as {_listed(people[:3])}"
    yield "variants", f"{sum(one.shape[-1] for one in found.dosage):,} that vary, counted for each gene"


def _listed(names: Sequence[object]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(short(name) for name in names[:SHOWN]) + more


KINDS = {
    "networks": Kind("01-pairs-and-their-audit", ("expression", "pairs"), _networks),
    "maize": Kind("01-expression", ("expression", "labels"), _maize),
    "lincs": Kind("01-signatures", ("path", "classes"), _lincs),
    "depression": Kind("01-rank-value-encoding", ("path",), _depression),
    "genomes": Kind("01-personal-sequence", ("fasta", "genotypes"), _locus),
}
