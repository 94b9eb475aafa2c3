"""How a photo is drawn around the network: at which size, and how the result comes to the photo's own."""
