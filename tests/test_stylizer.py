"""The public API over a fake engine."""

import io

import numpy as np
import pytest
from fakes import fake_stylizer
from PIL import Image

import arbitrary_nst
from arbitrary_nst import OptionError, Photo, PhotoError, Style, Stylizer
from arbitrary_nst.images import Metadata

RED = Image.new("RGB", (40, 40), (255, 0, 0))


def as_png(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_public_names():
    eager = {name for name in vars(arbitrary_nst) if name[0].isupper() and not name.isupper()}
    assert set(arbitrary_nst.__all__) == eager | {
        "BatchOptions",
        "DrawOptions",
        "EncodeOptions",
        "LearnOptions",
        "ModelOptions",
        "Photo",
        "Recipe",
        "RefineOptions",
        "Result",
        "Score",
        "Style",
        "Stylizer",
        "blend",
        "refine",
        "score",
    }
    for name in arbitrary_nst.__all__:
        assert getattr(arbitrary_nst, name).__doc__
    assert set(arbitrary_nst.__all__) <= set(dir(arbitrary_nst))  # which completion offers
    with pytest.raises(AttributeError, match="Stylist"):
        _ = arbitrary_nst.Stylist


def test_every_kind_of_source_gives_the_same_picture(tmp_path):
    stylizer = fake_stylizer()
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 255, (9, 7, 3), np.uint8))
    photo.save(tmp_path / "photo.png")
    style = stylizer.style(RED)
    expected = np.asarray(stylizer.stylize(photo, style))
    for source in (tmp_path / "photo.png", str(tmp_path / "photo.png"), as_png(photo)):
        picture = stylizer.stylize(source, style)
        assert isinstance(picture, Image.Image) and picture.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(picture), expected)
    np.testing.assert_array_equal(stylizer.stylize(np.asarray(photo), style), expected)
    floats = stylizer.stylize(np.asarray(photo, np.float32) / 255, style)
    assert floats.dtype == np.float32
    np.testing.assert_allclose(floats, expected / 255, atol=0.51 / 255)  # rounding


def test_alpha_is_carried_through():
    stylizer = fake_stylizer()
    photo = Image.new("RGBA", (6, 5), (10, 20, 30, 77))
    assert np.asarray(stylizer.stylize(photo, RED).getchannel("A")).tolist() == [[77] * 6] * 5
    assert stylizer.stylize(np.asarray(photo), RED)[..., 3].min() == 77
    assert stylizer.stylize(np.asarray(photo, np.float32) / 255, RED).shape == (5, 6, 4)


def test_a_style_is_embedded_once_and_applied_often():
    stylizer = fake_stylizer()
    style = stylizer.style(as_png(RED), name="red")
    assert isinstance(style, Style) and style.name == "red" and style.numbers.shape == (100,)
    for _ in range(3):
        stylizer.stylize(RED, style)
    assert stylizer.engine.styles == 1 and len(stylizer.engine.photos) == 3


def test_a_style_of_another_model_is_refused():
    with pytest.raises(OptionError, match="another model"):
        fake_stylizer().stylize(RED, Style(np.zeros(100, np.float32), "other digest"))


def test_style_options():
    halves = Image.new("RGB", (60, 20), (0, 0, 0))
    halves.paste((255, 255, 255), (20, 0, 40, 20))
    assert fake_stylizer().style(halves).numbers[0] == 1
    assert fake_stylizer().style(halves, style_crop="none").numbers[0] == pytest.approx(1 / 3, abs=0.01)
    red, thirds = (
        np.asarray(fake_stylizer().stylize(RED, halves)),
        fake_stylizer().stylize(RED, halves, style_crop="none"),
    )
    assert red[0, 0, 1] == 255 and np.asarray(thirds)[0, 0, 1] == pytest.approx(170, abs=3)
    with pytest.raises(OptionError, match="32 to 2048"):
        fake_stylizer().style(halves, style_size=8)


def test_max_size_reduces_and_never_enlarges():
    stylizer = fake_stylizer()
    photo = Image.new("RGB", (100, 50))
    assert stylizer.stylize(photo, RED, max_size=20).size == (20, 10)
    assert stylizer.stylize(photo, RED, max_size=200).size == (100, 50)
    with pytest.raises(OptionError):
        stylizer.stylize(photo, RED, max_size=0)


def test_max_pixels_is_checked():
    with pytest.raises(PhotoError, match="megapixels"):
        fake_stylizer(max_pixels=10).stylize(as_png(RED), RED)


def test_metadata_stays_with_a_decoded_photo():
    stylizer = fake_stylizer()
    photo = Photo(
        np.zeros((4, 4, 3), np.float32), metadata=Metadata(exif=b"exif", xmp=b"xmp"), format="JPEG", notes=("note",)
    )
    result = stylizer.stylize_photo(photo, stylizer.style(RED))
    assert (result.exif, result.xmp, result.format, result.notes) == (b"exif", b"xmp", "JPEG", ("note",))


def test_nothing_is_loaded_before_it_is_needed():
    Stylizer("no such model")  # would raise if it looked


@pytest.mark.slow
def test_the_real_thing(shared):
    """The README's lines, on the mobile model."""
    stylizer = Stylizer("lite", model_dir=shared / "models", offline=True)
    style = stylizer.style(shared / "images" / "styles" / "udnie.jpg")
    photo = shared / "images" / "photos" / "eiffel_tower.jpg"
    picture = stylizer.stylize(photo, style)
    with Image.open(photo) as original:
        assert picture.size == original.size
        change = np.abs(np.asarray(picture, np.float32) - np.asarray(original.convert("RGB"), np.float32)).mean()
    assert change > 20  # levels: plainly another picture


def test_a_result_is_saved_with_its_metadata(tmp_path):
    exif = Image.Exif()
    exif[271] = "Lens & Co"
    RED.save(tmp_path / "photo.jpg", exif=exif)
    picture = fake_stylizer().stylize(tmp_path / "photo.jpg", RED)
    for name in ("out.jpg", "out.png", "out.webp", "out.tiff"):
        picture.save(tmp_path / name, **picture.info)
        with Image.open(tmp_path / name) as image:
            assert image.getexif()[271] == "Lens & Co" and image.info["icc_profile"] == picture.info["icc_profile"]


def test_an_array_comes_back_as_one_to_write_in():
    picture = fake_stylizer().stylize(np.zeros((8, 8, 3), np.uint8), RED)
    picture[0, 0] = 7
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("wrong", [{"style_crop": "center"}, {"style_size": "256"}, {"style_size": 7}])
def test_a_drawing_option_that_there_is_not(wrong):
    with pytest.raises(OptionError, match="Try: "):
        fake_stylizer().stylize(RED, RED, **wrong)


@pytest.mark.parametrize("wrong", [{"engine": "opnvino"}, {"max_memory": -5}, {"max_pixels": True}, {"precision": 16}])
def test_an_option_that_there_is_not(wrong):
    with pytest.raises(OptionError, match="Try: "):
        Stylizer("lite", **wrong)


# --- what is no picture, no style and no path


@pytest.mark.parametrize("wrong", [5, None, [], {"a": 1}, io.BytesIO(b"x"), (1, 2)])
def test_what_is_no_picture_is_said_to_be_none(wrong):
    stylizer = fake_stylizer()
    style = stylizer.style(RED)
    calls = [
        lambda: stylizer.stylize(wrong, style),
        lambda: stylizer.refine(photo=wrong, style_image=RED),
        lambda: arbitrary_nst.score(wrong, RED, RED),
        lambda: stylizer.learn(wrong),
    ]
    if not isinstance(wrong, dict):  # which is a blend
        calls += [lambda: stylizer.style(wrong), lambda: stylizer.stylize(RED, wrong)]
    for call in calls:
        with pytest.raises(
            OptionError, match=r"no picture\. Try: a path, the bytes of a file, a PIL image or an array"
        ):
            call()


def test_a_picture_in_place_of_something_else_is_not_told_whole():
    with pytest.raises(OptionError) as caught:
        fake_stylizer().stylize_many(np.zeros((50, 50, 3)), RED)
    assert len(str(caught.value)) < 300 and "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", [5, True, object(), (1, 2), b"bytes"])
def test_what_is_no_path_is_said_to_be_none(wrong):
    stylizer = fake_stylizer()
    style = stylizer.style(RED)
    for call in (
        lambda: stylizer.stylize_many(wrong, style),
        lambda: stylizer.stylize_many("photo.jpg", style, output=wrong),
        lambda: stylizer.stylize_many("photo.jpg", wrong),
        lambda: Style.load(wrong),
        lambda: style.save(wrong),
        lambda: arbitrary_nst.score(RED, RED, RED, vgg_weights=wrong),
    ):
        with pytest.raises(OptionError, match=r"path\. Try: the path of a "):
            call()


def test_what_is_no_blend_no_recipe_no_preset_and_no_photos():
    stylizer = fake_stylizer()
    for wrong in (5, [], {}, {5: 1.0}):
        with pytest.raises(OptionError, match="needs Styles with their shares"):
            arbitrary_nst.blend(wrong)
    for wrong in (5, True, ["gatys"]):
        with pytest.raises(OptionError, match=r"neither a Recipe nor the name of one\. Try: arbstyle, gatys"):
            stylizer.refine(photo=RED, style_image=RED, recipe=wrong)
    for wrong in (5, "", []):
        with pytest.raises(OptionError, match=r"^preset .*: unknown\. Try: portrait"):
            stylizer.stylize(RED, RED, preset=wrong)
    for wrong in (True, 5, "gatys"):
        with pytest.raises(OptionError, match=r"^refine .*: no RefineOptions\. Try: RefineOptions"):
            stylizer.stylize_many("photo.jpg", RED, refine=wrong)
    with pytest.raises(OptionError, match=r"^photos 5: neither a folder nor photos"):
        stylizer.learn(RED, photos=5)
