"""Readers of FASTA, VCF, BCF, PLINK and expression BED files."""
