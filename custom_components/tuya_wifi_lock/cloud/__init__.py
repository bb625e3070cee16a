"""Tuya's cloud on Home Assistant's side: the projects, and the coordinator that polls a lock."""
