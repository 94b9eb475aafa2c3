"""Files to files over a fake engine: faults stay with their photo."""

import errno
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes import fake_stylizer
from PIL import Image

from arbitrary_nst import OptionError, PhotoError, images
from arbitrary_nst.files.dry_run import rehearse
from arbitrary_nst.files.find import Input, expand
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.files.stream import stylize_many


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "b.png", "style.png"):
        Image.new("RGB", (20, 10), (200, 100, 50)).save(tmp_path / name)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    return tmp_path


def run(folder, *names, stylizer=None, **settings):
    photos = [Input(folder / name) for name in names]
    return list(stylize_many(stylizer or fake_stylizer(), photos, [folder / "style.png"], Settings(**settings)))


def test_beside_the_photo_in_its_own_format(folder):
    results = run(folder, "a.jpg", "b.png")
    assert [Path(result.output).name for result in results] == ["a__style.jpg", "b__style.png"]
    for result in results:
        with Image.open(result.output) as image:
            assert image.size == (20, 10) == (result.width, result.height)
        assert (result.model, result.engine, result.precision, result.error) == ("lite", "fake", "f32", None)


def test_one_bad_photo_does_not_stop_the_rest(folder):
    stylizer = fake_stylizer()
    results = run(folder, "broken.jpg", "missing.jpg", "a.jpg", stylizer=stylizer)
    assert [result.error is None for result in results] == [False, False, True]
    assert "header" in str(results[0].error) and "no such file" in str(results[1].error)
    assert "Traceback" in results[0].traceback
    assert stylizer.engine.styles == 1


def test_not_enough_memory_is_a_fault_of_that_photo(folder, monkeypatch):
    stylizer = fake_stylizer()
    works = stylizer.engine.transform
    failures = iter([MemoryError(), MemoryError()])  # whole, then in strips

    def fails_first(photo, numbers):
        for failure in failures:
            raise failure
        return works(photo, numbers)

    stylizer.engine.transform = fails_first
    results = run(folder, "a.jpg", "b.png", stylizer=stylizer)
    assert "max_size" in str(results[0].error) and results[1].error is None


def test_same_stems_end_in_two_files(folder):
    Image.new("RGB", (8, 8)).save(folder / "a.png")
    results = run(folder, "a.jpg", "a.png", format="png", output=folder / "out")
    assert [Path(result.output).name for result in results] == ["a__style.png", "a__style_2.png"]


def test_into_a_file_or_a_folder(folder):
    (only,) = run(folder, "a.jpg", output=folder / "x.webp")
    assert only.output == str(folder / "x.webp")
    with Image.open(only.output) as image:
        assert image.format == "WEBP"
    (only,) = run(folder, "a.jpg", output=folder)
    assert only.output == str(folder / "a__style.jpg")
    run(folder, "a.jpg", "b.png", output=folder / "new" / "deep")
    assert len(list((folder / "new" / "deep").glob("*.???"))) == 2
    with pytest.raises(OptionError, match=r"a\.jpg: a file, and there are several pictures"):
        run(folder, "a.jpg", "b.png", output=folder / "a.jpg")


def test_a_folder_for_one_picture_may_have_a_dot_in_its_name_once_it_is_there(folder):
    with pytest.raises(OptionError, match=r"cannot write \.2026") as caught:
        run(folder, "a.jpg", output=folder / "holiday.2026")
    assert "a folder that is there, by mkdir" in str(caught.value)
    (folder / "holiday.2026").mkdir()
    (only,) = run(folder, "a.jpg", output=folder / "holiday.2026")
    assert only.output == str(folder / "holiday.2026" / "a__style.jpg")


def test_several_pictures_have_no_one_name(folder):
    with pytest.raises(OptionError, match=r"x\.webp: a picture's name, and there are several"):
        run(folder, "a.jpg", "b.png", output=folder / "x.webp")
    assert not (folder / "x.webp").exists()
    (folder / "y.webp").mkdir()
    assert all(result.error is None for result in run(folder, "a.jpg", "b.png", output=folder / "y.webp"))


def test_what_exists(folder):
    run(folder, "a.jpg")
    written = folder / "a__style.jpg"
    written.write_bytes(b"precious")
    assert "exists already" in str(run(folder, "a.jpg")[0].error)
    assert run(folder, "a.jpg", existing="skip")[0].skipped
    assert written.read_bytes() == b"precious"
    assert run(folder, "a.jpg", existing="rename")[0].output == str(folder / "a__style_2.jpg")
    assert run(folder, "a.jpg", existing="overwrite")[0].error is None
    assert written.read_bytes() != b"precious"
    assert "the photo itself" in str(run(folder, "a.jpg", output=folder / "a.jpg", existing="overwrite")[0].error)


def test_what_exists_is_checked_before_the_work(folder):
    stylizer = fake_stylizer()
    run(folder, "a.jpg")
    run(folder, "a.jpg", stylizer=stylizer)
    assert stylizer.engine.photos == []


def test_a_bad_style_stops_everything(folder):
    (folder / "style.png").write_bytes(b"")
    with pytest.raises(PhotoError, match=r"style\.png.*empty"):
        run(folder, "a.jpg")


def test_bytes_to_a_sink(folder):
    given, taken = Input(Path("upload"), data=(folder / "a.jpg").read_bytes()), []
    before = sorted(folder.iterdir())
    (result,) = stylize_many(fake_stylizer(), [given], [folder / "style.png"], Settings(sink=taken.append))
    assert (result.input, result.output, result.error) == ("upload", None, None)
    with Image.open(io.BytesIO(*taken)) as image:
        assert image.format == "JPEG" and image.size == (20, 10)
    assert sorted(folder.iterdir()) == before
    with pytest.raises(OptionError, match="one picture"):
        run(folder, "a.jpg", "b.png", sink=taken.append)


def test_bytes_to_a_file_that_their_name_names(folder):
    given = Input(Path("upload"), data=(folder / "a.jpg").read_bytes())
    photos = expand([given, given._replace(data=b"GIF89a"), given])
    done, failure = stylize_many(fake_stylizer(), photos, [folder / "style.png"], Settings(folder / "out"))
    assert Path(done.output) == folder / "out" / "upload__style.jpg"
    assert str(failure.error).startswith("upload: ")


def test_a_sink_that_fails_is_the_photos_failure_and_one_that_left_ends_the_run(folder):
    def full(data):
        raise OSError(28, "No space left on device")

    def left(data):
        raise BrokenPipeError

    (result,) = run(folder, "a.jpg", sink=full)
    assert "No space left" in str(result.error)
    with pytest.raises(BrokenPipeError):
        run(folder, "a.jpg", sink=left)


def test_notes_of_reading_and_writing_come_along(folder):
    Image.new("RGBA", (8, 8), (1, 2, 3, 4)).save(folder / "clear.png")
    (result,) = run(folder, "clear.png", format="jpg")
    assert result.notes == ("jpg has no transparency: laid on white",)


def test_metadata_and_size(folder):
    exif = Image.Exif()
    exif[271] = "Maker"
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (300, 100)).save(folder / "exif.jpg", exif=exif)
    (kept,) = run(folder, "exif.jpg", max_size=30)
    (private,) = run(folder, "exif.jpg", metadata="private", existing="rename")
    with Image.open(private.output) as image:
        assert image.getexif()[271] == "Maker" and 0x8825 not in image.getexif()
    (stripped,) = run(folder, "exif.jpg", metadata="strip", existing="rename")
    with Image.open(kept.output) as image:
        assert image.getexif()[271] == "Maker" and image.size == (30, 10)
    with Image.open(stripped.output) as image:
        assert not image.getexif() and image.size == (300, 100)


def test_odd_shapes_come_back_in_their_own_size(folder):
    for index, size in enumerate([(1, 1), (1, 700), (33, 17)]):
        noise = np.random.default_rng(0).integers(0, 255, (*size[::-1], 3), np.uint8)
        Image.fromarray(noise).save(folder / f"odd{index}.png")
        (result,) = run(folder, f"odd{index}.png")
        assert (result.width, result.height) == size


# --- dry runs


def test_a_dry_run_writes_nothing_and_estimates(tmp_path):
    for number, side in enumerate((20, 40, 30)):
        Image.new("RGB", (side, side), "red").save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"nothing")
    style = tmp_path / "style.bmp"
    Image.new("RGB", (9, 9), "blue").save(style)
    photos = expand([tmp_path / f"{n}.png" for n in range(3)] + [tmp_path / "gone.png"])
    output = tmp_path / "out"
    stylizer = fake_stylizer()
    results, estimate = rehearse(stylizer, photos, [style], Settings(output))
    assert [r.planned for r in results] == [True, True, True, False]
    assert results[0].output == str(output / "0__style.png") and "no such file" in str(results[3].error)
    assert estimate.seconds > 0 and estimate.memory > 1e7
    assert {shape[1] for shape in stylizer.engine.photos} == {20, 40}  # the first and the largest
    assert not output.exists()
    # what is there already is not counted; with nothing to do there is nothing to estimate
    assert all(r.error is None for r in stylize_many(stylizer, photos[:3], [style], Settings(output)))
    results, estimate = rehearse(stylizer, photos[:3], [style], Settings(output, existing="skip"))
    assert all(r.skipped for r in results) and estimate is None


def test_a_dry_run_keeps_to_the_limit(tmp_path):
    for number in range(5):
        Image.new("RGB", (20, 20), "red").save(tmp_path / f"{number}.png")
    photos = expand([tmp_path / f"{n}.png" for n in range(5)])
    results, _ = rehearse(fake_stylizer(), photos, [tmp_path / "0.png"], Settings(tmp_path / "o", limit=2))
    assert len(results) == 2


def test_strokes_of_a_size_show_the_network_less(tmp_path):
    stylizer = fake_stylizer()
    Image.new("RGB", (90, 60), "red").save(tmp_path / "a.png")
    settings = Settings(tmp_path / "o.png", strokes=30)
    (result,) = stylize_many(stylizer, expand([tmp_path / "a.png"]), [tmp_path / "a.png"], settings)
    assert (result.width, result.height) == (90, 60)
    assert stylizer.engine.photos == [(1, 20, 30, 3)]


# --- faults of the disk


def test_a_full_disk_costs_one_photo(tmp_path, monkeypatch):
    for number in range(4):
        Image.new("RGB", (20, 20), "red").save(tmp_path / f"{number}.png")
    real, calls = os.write, []

    def full_once(descriptor, data):
        calls.append(bytes(data[:4]) == b"\x89PNG")
        if calls[-1] and sum(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", full_once)
    output = tmp_path / "out"
    photos = expand([tmp_path / f"{n}.png" for n in range(4)])
    results = list(stylize_many(fake_stylizer(), photos, [tmp_path / "0.png"], Settings(output)))
    failed = [result for result in results if result.error is not None]
    assert len(results) == 4 and len(failed) == 1
    assert "the disk is full" in str(failed[0].error) and "Try: " in str(failed[0].error)
    assert len(list(output.glob("*.png"))) == 3 and not list(output.glob(".arbstyle-*"))
    # the same again makes only what is missing
    again = list(stylize_many(fake_stylizer(), photos, [tmp_path / "0.png"], Settings(output, existing="skip")))
    assert [result.skipped for result in again].count(False) == 1 and all(r.error is None for r in again)


def test_a_folder_turned_read_only(tmp_path, monkeypatch):
    """As a file system that was remounted: every photo is reported, none is lost, and there is no partial file."""
    for name in "ab":
        Image.new("RGB", (20, 20), "red").save(tmp_path / f"{name}.png")

    def refuse(*arguments, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    photos = expand([tmp_path / "a.png", tmp_path / "b.png"])
    stream = stylize_many(fake_stylizer(), photos, [tmp_path / "a.png"], Settings(tmp_path / "out"))
    monkeypatch.setattr("arbitrary_nst.files.writing._open_temporary", refuse)
    results = list(stream)
    assert len(results) == 2 and all("the file system is read-only" in str(result.error) for result in results)


def test_a_photo_that_vanishes_after_listing(tmp_path, monkeypatch):
    for name in "abc":
        Image.new("RGB", (20, 20), "red").save(tmp_path / f"{name}.png")
    photos = expand([tmp_path / f"{name}.png" for name in "abc"])
    real, calls = images.peek, []

    def peek(file):
        calls.append(file)
        if len(calls) == 2:
            (tmp_path / "b.png").unlink()
        return real(file)

    monkeypatch.setattr("arbitrary_nst.images.peek", peek)
    results = list(stylize_many(fake_stylizer(), photos, [tmp_path / "a.png"], Settings(tmp_path / "out")))
    assert [result.error is None for result in results] == [True, False, True]
    assert "no such file" in str(results[1].error)


@pytest.mark.slow
def test_memory_stays_flat(tmp_path):
    """Peak memory of a hundred photos is that of twenty, within 10 % and what the allocator keeps."""
    script = (
        "import sys, numpy as np; from pathlib import Path; from PIL import Image\n"
        "from arbitrary_nst import Stylizer; from arbitrary_nst.hardware.memory import peak_memory\n"
        "folder, count = Path(sys.argv[1]), int(sys.argv[2])\n"
        "stylizer = Stylizer('mini')\n"
        "results = stylizer.stylize_many([folder / 'a.jpg'] + [folder / f'{n}.jpg' for n in range(count)],"
        " folder / 'a.jpg', output=folder / f'out{count}')\n"
        "assert all(result.error is None for result in results)\n"
        "print(peak_memory())"
    )
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (480, 640, 3), np.uint8)).save(tmp_path / "a.jpg")
    for number in range(100):
        shutil.copy(tmp_path / "a.jpg", tmp_path / f"{number}.jpg")
    few, many = (
        int(subprocess.run([sys.executable, "-c", script, tmp_path, str(n)], check=True, capture_output=True).stdout)
        for n in (20, 100)
    )
    assert many <= 1.1 * few + 30e6


def test_one_photo_of_a_folder_goes_to_a_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "one").mkdir()
    shutil.copy("a.jpg", "one/a.jpg")
    style = folder / "style.png"
    for given, output, expected in (
        ("one", "out.d", "out.d/a__style.jpg"), ("a.jpg", "new", "new/a__style.jpg"), ("a.jpg", "x.png", "x.png"),
    ):  # fmt: skip
        found = expand([Path(given)], output=Path(output))
        (result,) = stylize_many(fake_stylizer(), found, [style], Settings(Path(output)))
        assert result.output == expected and Path(expected).is_file()


def test_a_run_that_resumes_replaces_nobody_elses_picture(folder):
    out, pictures = folder / "out", {}
    (folder / "day2").mkdir()
    Image.new("RGB", (30, 30), "blue").save(folder / "day2" / "a.jpg")
    out.mkdir()
    (out / "b__style.png").write_bytes(b"mine")
    for number in range(2):
        names = [
            [Path(result.output).name, result.skipped]
            for photo in ("a.jpg", "day2/a.jpg", "b.png")
            for result in run(folder, photo, output=out, existing="skip")
        ]
        assert names == [["a__style.jpg", number > 0], ["a__style_2.jpg", number > 0], ["b__style_2.png", number > 0]]
        pictures[number] = {path.name: path.read_bytes() for path in out.iterdir() if path.suffix != ".jsonl"}
    assert pictures[0] == pictures[1] and pictures[0]["b__style.png"] == b"mine"


def test_a_photo_known_by_its_sha256_may_move(folder):
    moved, out = folder / "moved", folder / "out"
    moved.mkdir()
    out.mkdir()
    assert [result.skipped for result in run(folder, "a.jpg", output=out, existing="skip", checksum=True)] == [False]
    shutil.move(folder / "a.jpg", moved / "a.jpg")
    again = run(folder, "moved/a.jpg", output=out, existing="skip", checksum=True)
    assert [result.skipped for result in again] == [True]


@pytest.mark.parametrize(
    "wrong", [{"format": "gif"}, {"existing": "replace"}, {"metadata": "x"}, {"quality": 500}, {"quality": "best"}]
)
def test_a_setting_that_there_is_not(wrong):
    with pytest.raises(OptionError, match="Try: "):
        Settings(**wrong)


def test_a_dry_run_tells_what_cannot_be_read(folder):
    (folder / "empty.jpg").touch()
    found = expand([folder / name for name in ("empty.jpg", "a.jpg", "broken.jpg")])
    results, estimate = rehearse(fake_stylizer(), found, [folder / "style.png"], Settings())
    assert [result.error is None for result in results] == [False, True, False] and estimate is not None
