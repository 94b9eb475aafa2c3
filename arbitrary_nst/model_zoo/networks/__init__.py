"""Our own definitions of the networks, imported only where one is built: training, export and learning share them."""
