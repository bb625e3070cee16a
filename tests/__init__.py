"""Tests, and the simulated lock that they and the demo use."""
