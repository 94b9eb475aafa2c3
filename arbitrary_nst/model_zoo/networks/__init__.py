"""Our own definitions of the networks, imported only where one is built: training, export and learning share them."""

# The convolutions of `mini`'s photo network, in order; each has a kernel and a bias.
PHOTO_LAYERS = (
    "contract_2",
    "contract_4",
    *(f"block_{number}_{part}" for number in range(4) for part in "ab"),
    "subpixels_2",
    "subpixels_1",
)


def weight_name(layer: str, part: str) -> str:
    """What a weight of the photo network is called in a style: ``transfer/block_0_a/kernel``."""
    return f"transfer/{layer}/{part}"
