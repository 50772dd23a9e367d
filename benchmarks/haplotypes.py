"""Compare the making of haplotypes: our engine, ``bcftools consensus`` and the published loop.

All make sequences of 196,608 bases of the same simulated people; CPU time, children included.
Run: python benchmarks/haplotypes.py [--small]
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from reread.genomes.data.haplotypes import consensus, haplotypes
from reread.genomes.data.load import Locus, load_locus
from reread.genomes.methods.personal_sequence import published_sequences, substitutions

WINDOW = 196_608


def cpu_s() -> float:
    """CPU seconds of this process and of its children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def per_second(make: Callable[[], object], n: int) -> float:
    """Sequences made in a CPU second, the best of three."""
    spent = []
    for _ in range(3):
        start = cpu_s()
        make()
        spent.append(cpu_s() - start)
    return n / min(spent)


def published_loop(locus: Locus, n_people: int) -> list[str]:
    """The authors' loop over the rows of a table of alleles, person by person; without reading files."""
    found = substitutions(locus.variants)
    start = locus.tss - 98_000
    text = list(locus.reference.fetch(found.contig, start, start + 196_000).tobytes().decode() + "N" * 608)
    carried = found.genotype.sum(axis=2) > 0
    people = found.people[:n_people]
    alleles = {name: np.where(carried[:, i], found.alt, found.ref) for i, name in enumerate(people)}
    table = pd.DataFrame({"POS": found.position + 1, **alleles})
    made = []
    for name in people:
        copy = text.copy()
        for _, row in table.iterrows():
            if start <= row["POS"] < start + len(copy):
                copy[row["POS"] - start] = row[name]
        made.append("".join(copy))
    return made


def write_files(locus: Locus, folder: Path) -> Path:
    """FASTA of the window and the genotypes as indexed VCF."""
    found, start, end = locus.variants, locus.tss - WINDOW // 2, locus.tss + WINDOW // 2
    lines = ["##fileformat=VCFv4.2", f"##contig=<ID={found.contig}>"]
    lines += ['##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">']
    lines += [
        "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *found.people])
    ]
    for row in range(len(found)):
        calls = [f"{a}|{b}" for a, b in found.genotype[row]]
        fields = [
            found.contig,
            str(found.position[row] + 1),
            ".",
            found.ref[row],
            found.alt[row],
            ".",
            ".",
            ".",
            "GT",
        ]
        lines.append("\t".join(fields + calls))
    (folder / "calls.vcf").write_text("\n".join(lines) + "\n")
    command = ["bcftools", "view", "-Oz", "-o", folder / "calls.vcf.gz", folder / "calls.vcf"]
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run(["bcftools", "index", folder / "calls.vcf.gz"], check=True)
    text = locus.reference.fetch(found.contig, start, end).tobytes().decode()
    (folder / "window.fa").write_text(f">{found.contig}:{start + 1}-{end}\n{text}\n")
    return folder


def by_bcftools(locus: Locus, folder: Path, n_people: int) -> list[str]:
    made = []
    for name in locus.variants.people[:n_people]:
        for number in "12":
            command = ["bcftools", "consensus", "-s", name, "-H", number, "-f", folder / "window.fa"]
            done = subprocess.run(
                [*command, folder / "calls.vcf.gz"], check=True, capture_output=True, text=True
            )
            made.append("".join(done.stdout.split("\n")[1:]))
    return made


def main() -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few people")
    n = 10 if parser.parse_args().small else 100
    locus = load_locus("simulated", window=WINDOW, n_people=n)
    place, variants = (locus.reference, locus.variants, locus.tss, WINDOW), locus.variants
    plain = substitutions(variants)
    few = min(n, 10)
    speed = {
        "ours, with indels": per_second(lambda: haplotypes(*place), 2 * n),
        "ours, substitutions only": per_second(
            lambda: haplotypes(place[0], plain, *place[2:], indels=False), 2 * n
        ),
        "ours, as published": per_second(lambda: published_sequences(locus, WINDOW), n),
        "published loop": per_second(lambda: published_loop(locus, few), few),
    }
    theirs = np.stack([np.frombuffer(one.encode(), dtype=np.uint8) for one in published_loop(locus, few)])
    assert (theirs == published_sequences(locus, WINDOW)[:few]).all()
    if shutil.which("bcftools"):
        with tempfile.TemporaryDirectory() as name:
            folder = write_files(locus, Path(name))
            made = by_bcftools(locus, folder, few)
            start = locus.tss - WINDOW // 2
            ours = consensus(locus.reference, variants, start, start + WINDOW)[: 2 * few]
            assert [one.decode() for one in ours] == made
            speed["bcftools consensus"] = per_second(lambda: by_bcftools(locus, folder, few), 2 * few)
    print(
        f"{len(variants)} variants ({int((variants.length_change != 0).sum())} indels), {n} people, CPU time"
    )
    for what, rate in speed.items():
        print(f"  {what:26s} {rate:8.0f} sequences per second")
    ratios = {
        f"{ours} over {peer}": speed[ours] / speed[peer]
        for ours in ("ours, with indels", "ours, substitutions only")
        for peer in ("bcftools consensus", "published loop")
        if peer in speed
    }
    for what, ratio in ratios.items():
        print(f"  {what}: {ratio:.0f}x")
    return ratios


if __name__ == "__main__":
    main()
