"""The graph of pages, run by Snakemake."""
