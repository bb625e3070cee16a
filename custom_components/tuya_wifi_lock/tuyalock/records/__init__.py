"""What happened at the door: its age, the journal that keeps it once, and the state it leads to."""
