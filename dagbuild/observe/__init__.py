"""What the run shows: what a node was seen to read while it ran, and whether that still holds."""
