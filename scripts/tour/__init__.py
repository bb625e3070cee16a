"""The tour of scripts/demo: a real Home Assistant, a simulated lock, and what each saw."""
