"""Tests of the core; none of them needs Home Assistant."""
