"""Drawing tools, motifs and the styles drawn with them."""
