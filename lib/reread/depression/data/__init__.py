"""Load, simulate, encode and split the data of this study."""
