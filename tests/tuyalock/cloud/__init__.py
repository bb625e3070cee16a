"""Tests of Tuya's cloud."""
