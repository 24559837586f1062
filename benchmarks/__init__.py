"""What the engine costs, as ratios to what the disk and the peers do in the same minutes."""
