from __future__ import annotations

import numpy as np
import pytest
from reread.genomes.io.fasta import Reference
from reread.genomes.io.tables import Variants


@pytest.fixture(scope="session")
def make_variants():
    """Variants from (position, ref, alt) and genotypes (variant, person, 2), phased by default."""

    def make(sites, genotype, *, is_phased=True, contig="chr1") -> Variants:
        position, ref, alt = zip(*sites, strict=True)
        genotype = np.asarray(genotype, dtype=np.int8)
        return Variants(
            contig, np.array(position, dtype=np.int64), np.array(ref, dtype=object),
            np.array(alt, dtype=object), genotype, np.full(genotype.shape[:2], is_phased),
            tuple(f"P{i}" for i in range(genotype.shape[1])), {},
        )  # fmt: skip

    return make


@pytest.fixture(scope="session")
def genome():
    """A reference in memory from text: ``genome("ACGT")`` has one contig, chr1."""
    return lambda text, **more: Reference({"chr1": np.frombuffer(text.encode(), dtype=np.uint8)}, **more)
