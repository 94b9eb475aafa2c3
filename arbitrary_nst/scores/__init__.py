"""How good a picture is, in figures."""
