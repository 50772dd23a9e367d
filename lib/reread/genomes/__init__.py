"""Personal genomes: Enformer on the sequence of each person, beside linear models of genotypes."""
