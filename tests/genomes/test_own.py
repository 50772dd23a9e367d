"""Pages on a reader's own files: FASTA, indexed VCF with other names of contigs, expression BED, weights."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from reread.book.running.page_run import run_page
from reread.core.files import read_json, sha256
from reread.genomes.data import cohort as cohorts
from reread.genomes.models import enformer
from reread.pages import page

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed"),
]
SIZE = enformer.Architecture(dim=48, depth=1, heads=2, key_dim=16, divisible_by=8, n_tracks=3, tf_gamma=False)
GENES, PEOPLE = 10, 24
HEADER = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]


def write_genome(cohort, folder):
    """FASTA of the whole contig, lines of 60 bases."""
    length = cohort.reference.lengths["chr1"]
    text = cohort.reference.fetch("chr1", 0, length).tobytes().decode()
    lines = [text[at : at + 60] for at in range(0, length, 60)]
    (folder / "genome.fa").write_text(">chr1\n" + "\n".join(lines) + "\n")


def write_calls(cohort, folder):
    """Indexed VCF whose contig has no chr, with every gene's variants and one missing call."""
    people = cohort.expression.people
    lines = ["##fileformat=VCFv4.2", "##contig=<ID=1>"]
    lines += ['##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">']
    lines += ["\t".join([*HEADER, *people])]
    for gene in range(GENES):
        found = cohort.variants_of(gene)
        for row in range(len(found)):
            calls = [f"{a}|{b}" for a, b in found.genotype[row]]
            if row == gene == 0:
                calls[0] = ".|."
            fields = ["1", str(found.position[row] + 1), ".", found.ref[row], found.alt[row], *"...", "GT"]
            lines.append("\t".join(fields + calls))
    (folder / "calls.vcf").write_text("\n".join(lines) + "\n")
    packed = folder / "calls.vcf.gz"
    subprocess.run(["bcftools", "view", "-Oz", "-o", packed, folder / "calls.vcf"], check=True)
    subprocess.run(["bcftools", "index", "-t", packed], check=True)


def write_expression(cohort, folder):
    """BED of all people but the last, and of one who has no genotypes."""
    people = [*cohort.expression.people[:-1], "stranger"]
    lines = ["\t".join(["#chr", "start", "end", "gene_id", "strand", *people])]
    for number, gene in enumerate(cohort.expression.genes.itertuples()):
        values = [f"{value:.5f}" for value in [*cohort.expression.values[number, :-1], 0.0]]
        lines.append(
            "\t".join([gene.contig, str(gene.tss), str(gene.tss + 1), gene.gene, gene.strand, *values])
        )
    (folder / "expression.bed").write_text("\n".join(lines) + "\n")


def write_weights(folder):
    """A folder as enformer-pytorch saves it, with weights that matter everywhere."""
    torch.manual_seed(0)
    network = enformer.Enformer(SIZE)
    torch.nn.init.normal_(network.transformer[0][0].fn[1].to_out.weight, std=0.1)
    (folder / "model").mkdir()
    torch.save(network.state_dict(), folder / "model/pytorch_model.bin")
    config = {"dim": 48, "depth": 1, "heads": 2, "attn_dim_key": 16, "dim_divisible_by": 8}
    (folder / "model/config.json").write_text(json.dumps(config | {"output_heads": {"human": 3}}))


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Parameters of pages on files that hold ten simulated genes."""
    for name in ("RUNS", "DATA", "STATE"):
        monkeypatch.setenv(f"REREAD_{name}", str(tmp_path / name))
    cohort = cohorts.load_cohort("simulated", n_genes=GENES, n_people=PEOPLE, n_train=2, seed=5)
    for write in (write_genome, write_calls, write_expression):
        write(cohort, tmp_path)
    write_weights(tmp_path)
    files = " ".join(str(tmp_path / name) for name in ("genome.fa", "calls.vcf.gz", "expression.bed"))
    return {"source": "own", "files": files, "window": 512, "n_train": 50}, str(tmp_path / "model")


def values_of(chapter, **given):
    folder = run_page(page(f"genomes/{chapter}"), overrides=given, say=lambda line: None)
    record = read_json(folder / "record.json")
    assert record["scope"] == "own"
    return record["values"]


def test_the_pages_of_people_run_one_after_the_other_on_own_files(own):
    given, weights = own
    one = values_of("02-one-person-all-genes", weights=weights, **given)
    assert (one["n_genes"], one["n_train"]) == (GENES, 0)
    paths = dict(zip(cohorts.FILES, given["files"].split(), strict=True))
    assert one | {f"own.sha256_{name}": sha256(Path(path)) for name, path in paths.items()} == one
    people = values_of("03-one-gene-all-people", **given)
    assert (people["n_people"], people["n_genes"]) == (PEOPLE - 1, GENES)
    both = values_of("05-predicted-against-measured", n_permutations=19, **given)
    assert both["median_people.enformer"] == pytest.approx(people["median_r.corrected"])


@pytest.mark.parametrize("tuning", ["head", "head lora"])
def test_fine_tuning_runs_on_own_files(own, tuning):
    given, weights = own
    values_of("02-one-person-all-genes", weights=weights, **given)
    tuned = values_of("07-fine-tuning", tuning=tuning, tuning_epochs=2, **given)

    assert (tuned["n_people"], tuned["n_genes"]) == (PEOPLE - 1, GENES)
    assert {f"outside_null.{one}" for one in tuning.split()} <= set(tuned)
    assert tuned["null.low"] < 0 < tuned["null.high"]
