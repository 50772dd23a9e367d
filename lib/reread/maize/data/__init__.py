"""Load, simulate and split the data of this study."""
