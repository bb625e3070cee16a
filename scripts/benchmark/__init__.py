"""Measures speed and memory of the integration, as ratios within one run."""
