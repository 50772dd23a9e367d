"""``reread check-data``: what it says of files of each study, and the exit code."""

from __future__ import annotations

import re
import shlex

import numpy as np
import pandas as pd
import pytest
from reread import check_data, cli, studies
from reread.core.errors import ParameterError

anndata = pytest.importorskip("anndata")


def maize(folder):
    values = np.random.default_rng(0).gamma(1, 300, (12, 5))
    obs = pd.DataFrame(
        {"organ": list("aabbcc" * 2), "study": ["x"] * 6 + ["y"] * 6}, index=list("abcdefghijkl")
    )
    anndata.AnnData(values, obs, pd.DataFrame(index=["1-Mar", "NA", "B", "C", "D"])).write_h5ad(
        folder / "m.h5ad"
    )
    return [folder / "m.h5ad"], {"label_key": "organ", "group_key": "study"}


def lincs(folder):
    values = np.random.default_rng(0).normal(0, 2, (80, 31))
    obs = pd.DataFrame({"drug": list("abcd" * 20), "line": "A375"}, index=[f"s{i}" for i in range(80)])
    anndata.AnnData(values, obs, pd.DataFrame(index=[f"g{i}" for i in range(31)])).write_h5ad(
        folder / "l.h5ad"
    )
    (folder / "c.csv").write_text("pert_id,pcl\na,X\nb,X\nc,Y\nd,Y\n")
    keys = {"pert_key": "drug", "cell_key": "line", "dose_key": "", "time_key": ""}
    return [folder / "l.h5ad", folder / "c.csv"], keys


def networks(folder):
    (folder / "n.csv").write_text("cell,A,B,C\nx,1,0,2\ny,0,1,1\n")
    (folder / "p.csv").write_text("tf,target,label\nA,B,1\nA,C,0\nA,X,0\n")
    return [folder / "n.csv", folder / "p.csv"], {"genes_in": "columns"}


def depression(folder):
    obs = pd.DataFrame({"donor": list("ppqq"), "condition": list("ccdd")}, index=list("wxyz"))
    genes = ["ENSG00000000003", "ENSG00000000419", "ENSG00000000457"]
    counts = np.random.default_rng(0).poisson(5, (4, 3)).astype("float32")
    anndata.AnnData(counts, obs, pd.DataFrame(index=genes)).write_h5ad(folder / "d.h5ad")
    return [folder / "d.h5ad"], {}


def genomes(folder):
    from reread.genomes.data import load

    locus = load.load_locus("simulated", window=2_048, n_people=3)
    bases = locus.reference.fetch("chr1", 0, locus.reference.lengths["chr1"]).tobytes().decode()
    (folder / "g.fa").write_text(f">chr1\n{bases}\n")
    lines = [
        "##fileformat=VCFv4.2",
        "##contig=<ID=chr1>",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">',
    ]
    people = "\t".join(locus.variants.people)
    lines.append(f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{people}")
    found = locus.variants
    for position, ref, alt, calls in zip(found.position, found.ref, found.alt, found.genotype, strict=True):
        cells = "\t".join(f"{a}|{b}" for a, b in calls)
        lines.append(f"chr1\t{position + 1}\t.\t{ref}\t{alt}\t.\tPASS\t.\tGT\t{cells}")
    (folder / "g.vcf").write_text("\n".join(lines) + "\n")
    return [folder / "g.fa", folder / "g.vcf"], {"position": f"chr1:{locus.tss + 1}"}


SAYS = {
    maize: {"shape": "12 samples × 5 genes", "tissues": "a 4, b 4, c 4", "groups": "2 of study",
            "names": "samples such as a, b, c; genes such as 1-Mar, NA, B",
            "group hold-out": "6 training and 6 test samples"},
    lincs: {"shape": "80 signatures × 31 genes", "perturbations": "4, such as a, b, c",
            "classes": "2, 2 of them with two drugs or more",
            "dose": r"0 different \(micromolar\), not known of 80 signatures"},
    networks: {"shape": "2 cells × 3 genes", "pairs": "2, 1 of them positive, of 1 TFs",
               "left out": "1 rows whose gene"},
    depression: {"shape": "4 cells × 3 genes", "donors": "c 1, d 1; one condition each",
                 "donor hold-out": "not possible: 6 folds by donor need"},
    genomes: {"people": "3, such as", "variants": r"variants \d+, REF differs 0"},
}  # fmt: skip


@pytest.mark.parametrize("make", SAYS)
def test_files_of_every_study_are_described_with_a_command_that_can_be_run(make, tmp_path):
    if make is genomes:
        pytest.importorskip("cyvcf2")
    files, given = make(tmp_path)

    found = check_data.check(make.__name__, list(map(str, files)), given)
    lines = dict(found.lines)

    assert found.is_usable, lines
    for word, text in SAYS[make].items():
        assert re.search(text, lines[word]), lines
    words = shlex.split(lines["next"])
    study, chapter = words[2].split("/")
    texts = dict(one.split("=", 1) for one in words[4::2])
    assert texts["source"] == "own"
    studies.find(study).chapter(chapter.partition(".")[0]).parsed(texts)
    assert str(files[0]) in texts.values()


def test_signatures_without_classes_go_to_the_chapter_that_needs_none(tmp_path):
    files, given = lincs(tmp_path)

    assert "lincs/02-vae.drugs -p source=own" in check_data.check("lincs", [str(files[0])], given).text()


def test_what_is_wrong_is_a_line_and_ends_in_exit_3_after_what_could_be_read(tmp_path, monkeypatch, capsys):
    files, _ = maize(tmp_path)
    monkeypatch.setattr(
        "sys.argv", ["reread", "check-data", "maize", str(files[0]), "-p", "label_key=organs"]
    )

    with pytest.raises(SystemExit) as ended:
        cli.main()

    said = capsys.readouterr().out
    assert ended.value.code == 3
    assert "12 samples × 5 genes" in said
    assert "organ (3), study (2)" in said
    assert re.search(r"not usable +.*no column 'organs' for the tissue. Did you mean 'organ'\?\n +Add:", said)
    assert "reread run" not in said


def test_a_wrong_parameter_or_too_many_files_are_named(tmp_path):
    with pytest.raises(ParameterError, match=r"no parameter 'lable_key'. Did you mean 'label_key'"):
        check_data.check("maize", ["a.csv"], {"lable_key": "x"})
    with pytest.raises(ParameterError, match="depression takes 1 files, path, but 2 came"):
        check_data.check("depression", ["a.h5ad", "b.h5ad"], {})
    assert dict(check_data.check("maize", ["no.csv"], {"genes_in": "rows"}).lines)["expression"].endswith(
        "not there)"
    )


def test_a_position_without_variants_and_open_phases_are_refused_and_the_next_command_runs_from_any_folder(
    tmp_path, monkeypatch
):
    pytest.importorskip("cyvcf2")
    _, at = genomes(tmp_path)
    monkeypatch.chdir(tmp_path)

    (tmp_path / "u.vcf").write_text((tmp_path / "g.vcf").read_text().replace("|", "/"))
    found = check_data.check("genomes", ["g.fa", "u.vcf"], at)
    assert re.search(
        r"heterozygous calls have no phase, .*\n.*-p unphased=file", dict(found.lines)["not usable"]
    )
    assert check_data.check("genomes", ["g.fa", "u.vcf"], at | {"unphased": "file"}).is_usable

    found = check_data.check("genomes", ["no.fa", "g.vcf"], at)
    assert (
        f"no.fa must be a file, but is not there.\nIts path starts at {tmp_path}."
        in dict(found.lines)["not usable"]
    )

    found = check_data.check("genomes", ["g.fa", "g.vcf"], {"position": "chr1:9000000"})
    assert not found.is_usable
    assert re.search(r"g\.vcf has no variant within [\d,]+ bases of chr1:9000000\.\n +Name", found.text())

    files, given = maize(tmp_path)
    found = check_data.check("maize", [files[0].name], given)
    assert f"expression={tmp_path / 'm.h5ad'}" in dict(found.lines)["next"]


def test_a_bed_file_of_genomes_goes_to_the_chapter_on_linear_models(tmp_path):
    pytest.importorskip("cyvcf2")
    (_, vcf), given = genomes(tmp_path)
    people = vcf.read_text().split("#CHROM")[1].splitlines()[0].split("\t")[9:]
    start = int(given["position"].partition(":")[2]) - 1
    values = "\t".join(str(i + 0.5) for i in range(len(people)))
    head = "\t".join(["#chr", "start", "end", "gene_id", "strand", *people])
    (tmp_path / "e.bed").write_text(f"{head}\nchr1\t{start}\t{start + 1}\tG1\t+\t{values}\n")

    found = check_data.check("genomes", [str(tmp_path / "e.bed"), str(vcf)], {})
    lines = dict(found.lines)

    (tmp_path / "c.bed").write_text(
        (tmp_path / "e.bed").read_text().replace("1.5", "0.5").replace("2.5", "0.5")
    )
    constant = dict(check_data.check("genomes", [str(tmp_path / "c.bed"), str(vcf)], {}).lines)
    assert re.match(
        r"Gene G1 has the same expression in all 3 people, .*\nLeave it out", constant["not usable"]
    )
    assert found.is_usable, lines
    assert lines["genes"] == "1 with expression"
    assert re.match(r"3 with genotypes and expression, such as", lines["people"])
    assert re.match(r"\d+ that vary", lines["variants"])
    assert lines["next"].startswith("reread run genomes/04-prs-and-stacking -p source=own -p bed=")
