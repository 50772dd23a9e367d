"""The network that sees genes as the pixels of an image."""
