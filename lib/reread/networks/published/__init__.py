"""DeepTGI as its authors released it: the network, its faults included, and its training made fast."""
