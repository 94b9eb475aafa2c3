"""Style pictures: a plain border is trimmed where there is one, and nothing else is."""

import numpy as np
import pytest
from fakes import fake_stylizer

from arbitrary_nst.images import Photo, style_picture
from arbitrary_nst.refinement.record import Refined


def painting(height=150, width=210):
    """Blotches of every colour: whole to its edges."""
    coarse = np.random.default_rng(3).random((height // 10, width // 10, 3), np.float32)
    return np.kron(coarse, np.ones((10, 10, 1), np.float32))


def bordered(picture, border, colour=(0.95, 0.94, 0.9), noise=0.008):
    """A scan of it on paper."""
    height, width = picture.shape[:2]
    page = np.empty((height + 2 * border, width + 2 * border, 3), np.float32)
    page[:] = colour
    page[border:-border, border:-border] = picture
    page += noise * np.random.default_rng(4).standard_normal(page.shape)
    return np.clip(page, 0, 1).astype(np.float32)


def is_inside(part, height=150, width=210):
    """Within a rim of a few pixels that goes with the border."""
    return height - 8 <= part.shape[0] <= height and width - 8 <= part.shape[1] <= width


@pytest.mark.parametrize("colour", [(0.95, 0.94, 0.9), (0, 0, 0), (0.5, 0.2, 0.1)])
def test_a_plain_border_is_trimmed_with_a_note(colour):
    part = style_picture(Photo(bordered(painting(), 30, colour)))
    assert is_inside(part.pixels)
    assert len(part.notes) == 1 and "plain border of 4" in part.notes[0]


def test_a_mat_within_a_frame_is_trimmed():
    assert is_inside(style_picture(Photo(bordered(bordered(painting(), 20, (1, 1, 1)), 15, (0.1, 0.1, 0.1)))).pixels)


def test_a_border_is_kept_where_it_is_asked_for():
    page = Photo(bordered(painting(), 30))
    assert style_picture(page, "centre") is page and style_picture(page, "none") is page


def drawing():
    """A cross of thin lines on paper: the paper is part of it."""
    page = np.full((200, 200, 3), 0.95, np.float32)
    page[50:150, 99:102] = page[99:102, 50:150] = 0.1
    return page


def disc_on_white():
    y, x = np.mgrid[0:200, 0:200]
    return np.where((np.hypot(y - 100, x - 100) < 60)[..., None], np.float32([0.8, 0.2, 0.1]), np.float32(1))


@pytest.mark.parametrize(
    "picture",
    [
        painting(),
        drawing(),
        disc_on_white(),
        bordered(painting(), 30)[35:],  # a border on three sides
        bordered(painting(300, 420), 1),  # too thin to matter
        bordered(painting(30, 40), 80),  # what is left would be too little
        np.full((50, 60, 3), 0.4, np.float32),
        np.zeros((1, 1, 3), np.float32),
    ],
    ids=["painting", "drawing", "disc", "three sides", "thin", "stamp", "flat", "pixel"],
)
def test_no_other_picture_is_trimmed(picture):
    photo = Photo(picture.astype(np.float32))
    assert style_picture(photo) is photo


def test_the_style_of_a_scan_is_that_of_its_picture_and_it_is_told():
    told = []
    stylizer = fake_stylizer(notify=told.append)
    page = bordered(painting(200, 200), 60, (0, 0, 0))
    assert stylizer.style(page, name="scan").numbers[:3] == pytest.approx(painting(200, 200).mean((0, 1)), abs=0.02)
    assert len(told) == 1 and told[0].startswith("scan: a plain border of 6")
    whole = stylizer.style(page, style_crop="centre")
    assert len(told) == 1 and whole.numbers[0] < 0.25
    assert whole.origin != stylizer.style(page).origin


def test_refinement_reads_the_same_part():
    told, given = [], []
    stylizer = fake_stylizer(notify=told.append)

    class Refiner:
        def refine(self, photo, style, start, on_step=None):
            given.append(style)
            return Refined(photo, [], "steps")

    stylizer.refiner = lambda how: Refiner()
    stylizer.refine(photo=painting(), style_image=bordered(painting(), 30))
    (seeking,) = given[0]
    assert is_inside(seeking.pictures[0][0])
    assert len(told) == 1 and told[0].startswith("style: a plain border of 4")


def test_learning_reads_the_same_square(monkeypatch):
    """For the learner as for the style that it begins with, and learns to come nearer to."""
    monkeypatch.setattr("arbitrary_nst.refinement.teaching.refuse_unteachable", lambda card, depth: None)
    monkeypatch.setattr("arbitrary_nst.refinement.subjects.subject_of", lambda model, numbers, depth: numbers)
    told, given = [], []
    stylizer = fake_stylizer(notify=told.append)

    class Learner:
        def learn(self, subject, square, crops, how, on_step, shown):
            given.append((subject, square))
            raise InterruptedError

    stylizer.vgg19, stylizer.learner = lambda how: None, lambda weights: Learner()
    page, photo = bordered(painting(200, 200), 60, (0, 0, 0)), painting()
    for crop in ("auto", "centre"):
        with pytest.raises(InterruptedError):
            stylizer.learn(page, [photo], name="scan", style_size=64, style_crop=crop)
        numbers, square = given.pop()
        seen = stylizer.style(page, style_size=64, style_crop=crop).seen
        np.testing.assert_array_equal(square, seen[0][0])
        assert square.mean() == pytest.approx(0.5 if crop == "auto" else 0.5 * (200 / 320) ** 2, abs=0.03)
        assert numbers[:3] == pytest.approx(square.mean((0, 1)), abs=1e-4)
    assert told[0].startswith("scan: a plain border of 6")


def test_no_shared_style_is_trimmed(shared):
    from arbitrary_nst.images import decode

    for path in sorted((shared / "images" / "styles").iterdir()):
        photo = decode(path.read_bytes(), name=path.name)
        assert style_picture(photo) is photo, path.name
