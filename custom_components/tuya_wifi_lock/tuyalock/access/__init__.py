"""What can be asked of a lock: opening and locking, its settings, temporary passwords."""
