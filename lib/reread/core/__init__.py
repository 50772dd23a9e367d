"""What at least two studies need: arrays in, arrays out, and no deep-learning framework."""
