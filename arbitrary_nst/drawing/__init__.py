"""How a photo is drawn around the network: at which size, how strongly, where, and in whose colours."""
