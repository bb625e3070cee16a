"""Check the lock: the checks, and what they find in words."""
