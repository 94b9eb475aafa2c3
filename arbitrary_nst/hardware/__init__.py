"""What this machine has and may be asked for: memory, and quiet ways to ask."""
