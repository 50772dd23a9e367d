"""The same autoencoder for pictures of digits."""
