"""Haplotypes, simulated people, checks of the input, and the sources of the chapters."""
