"""What each pixel adds to the tissue that the network names."""
