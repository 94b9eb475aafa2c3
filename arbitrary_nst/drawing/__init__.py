"""How a picture comes of what an engine draws: how strongly, where, and in whose colours."""
