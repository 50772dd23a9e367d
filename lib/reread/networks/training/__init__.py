"""The Lightning loop that all our networks share: any device, one random stream, resumable."""
