"""An hour in the life of many locks: each opening told once, flat memory, and a quiet log."""
