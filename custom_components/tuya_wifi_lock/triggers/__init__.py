"""The triggers of a lock; trigger.py names them for Home Assistant."""
