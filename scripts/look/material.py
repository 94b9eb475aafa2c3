"""The photos and styles that sheets are drawn of, each made or read when it is asked for."""

import os
from pathlib import Path

import photos
import scenes
import weather
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = Path(os.environ.get("ARBSTYLE_SHARED", ROOT.parent / "shared"))
SAMPLES = ROOT / "scripts" / "samples"  # ours, and so the only ones that documentation shows

SCENES = {
    each.__name__: each
    for each in (scenes.evening_sky, scenes.product, scenes.text_page, scenes.line_art,
                 weather.night, weather.fog, weather.flat)
}  # fmt: skip
ENLARGED = {  # a photo's file, and what of the megapixels asked for it gets
    "landscape": (SAMPLES / "landscape.jpg", 1),
    "chicago": (SHARED / "images/photos/chicago.jpg", 2),
    "diana": (SHARED / "images/photos/diana.jpg", 1),
    "eiffel_tower": (SHARED / "images/photos/eiffel_tower.jpg", 2),
    "seaport": (SHARED / "images/photos/seaport.jpg", 1),
    "stata": (SHARED / "images/photos/stata.jpg", 2),
}
OWN_PHOTOS = ("landscape", *SCENES)
ALL_PHOTOS = ("chicago", "diana", "eiffel_tower", "seaport", "stata", *SCENES)

OWN_STYLES = {name: SAMPLES / f"{name}.jpg" for name in ("brush_strokes", "stained_glass", "woodblock_waves")}
ALL_STYLES = {
    name: SHARED / "images/styles" / f"{name}.jpg"
    for name in ("udnie", "Camille_Mauclair", "towers_1916_sq", "black_zigzag", "red_texture_sq",
                 "clouds-over-bor-1940_sq")
}  # fmt: skip


def photo(name, megapixels):
    """(H, W, 3) float32 in [0, 1]: a scene at 3:2, or a photo made as large; deterministic."""
    if name in SCENES:
        height = round((megapixels * 1e6 / 1.5) ** 0.5)
        return SCENES[name](height, round(1.5 * height))
    path, share = ENLARGED[name]
    with Image.open(path) as image:
        return photos.enlarged(image, megapixels * share, seed=0)
