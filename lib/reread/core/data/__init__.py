"""Data files: pinned, fetched and verified."""
