"""Attackers, floods, power loss and damaged files."""
