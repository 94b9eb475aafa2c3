"""Which photos are meant: every one once, and nothing that is none."""

import io
import os
import sys
import time
from pathlib import Path

import pytest
from drawn import picture, saved
from PIL import Image

from arbitrary_nst import OptionError
from arbitrary_nst.files.find import expand, read_list, search


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("in/b.jpg", "in/a.PNG", "in/sub/a.jpg", "in/sub/deep/c.heic", "in/notes.txt", "in/.hidden.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def paths(found):
    return [str(each.path) for each in found]


def test_a_folder_is_walked_by_name_and_mirrored(tree):
    found = expand([Path("in")], output=Path("out"))
    assert paths(found) == ["in/a.PNG", "in/b.jpg", "in/sub/a.jpg", "in/sub/deep/c.heic"]
    assert [str(each.below) for each in found] == [".", ".", "sub", "sub/deep"]
    assert paths(expand([Path("in")], output=Path("out"), recursive=False)) == ["in/a.PNG", "in/b.jpg"]


def test_several_folders_keep_their_names(tree):
    (tree / "more").mkdir()
    (tree / "more/d.jpg").touch()
    found = expand([Path("in/sub"), Path("more")], output=Path("out"))
    assert [str(each.below) for each in found] == ["sub", "sub/deep", "more"]


def test_a_folder_given_with_one_below_it_or_twice_is_as_if_given_alone(tree):
    (tree / "same").symlink_to(tree / "in")
    alone, notes = expand([Path("in")], output=Path("out")), []
    for given in (["in", "in/sub"], ["in/sub", "in"], ["in", "in"], ["in", "in/sub/deep", "same"]):
        found = expand([Path(each) for each in given], output=Path("out"), note=notes.append)
        assert found == alone and not notes
    found = expand([Path("in"), Path("in/sub")], output=Path("out"), recursive=False)
    assert [str(each.below) for each in found] == ["in", "in", "sub"]


def test_a_folder_that_the_walk_through_another_leaves_out_is_walked_where_it_is_given(tree):
    (tree / "in/.hidden").mkdir()
    (tree / "in/.hidden/h.jpg").touch()
    assert "in/.hidden/h.jpg" in paths(expand([Path("in"), Path("in/.hidden")], output=Path("out")))


def test_a_photo_is_taken_once_and_a_missing_one_is_left_to_be_reported(tree):
    assert paths(expand([Path("in/b.jpg"), Path("in"), Path("none.jpg")], output=Path("out"))) == [
        "in/b.jpg", "in/a.PNG", "in/sub/a.jpg", "in/sub/deep/c.heic", "none.jpg",
    ]  # fmt: skip


def test_outputs_inside_the_input_are_not_fed_back(tree):
    (tree / "in/styled").mkdir()
    (tree / "in/styled/a__s.jpg").touch()
    assert "in/styled/a__s.jpg" not in paths(expand([Path("in")], output=Path("in/styled")))
    with pytest.raises(OptionError, match="output folder too"):
        expand([Path("in")], output=Path("in"))
    with pytest.raises(OptionError, match="output FOLDER"):
        expand([Path("in")])


def test_patterns_that_the_shell_left_alone(tree):
    assert paths(expand([Path("in/**/*.jpg")], output=Path("out"))) == ["in/b.jpg", "in/sub/a.jpg"]
    (tree / "in/[x].jpg").touch()
    assert paths(expand([Path("in/[x].jpg")])) == ["in/[x].jpg"]
    with pytest.raises(OptionError, match="matches nothing"):
        expand([Path("in/*.bmp")])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs links and pipes")
def test_loops_pipes_and_broken_links_are_skipped_with_a_note(tree):
    (tree / "in/sub/loop").symlink_to(tree / "in")
    (tree / "in/gone.jpg").symlink_to(tree / "nowhere.jpg")
    (tree / "in/linked.jpg").symlink_to(tree / "in/b.jpg")
    os.mkfifo(tree / "in/pipe.jpg")
    notes = []
    found = expand([Path("in")], output=Path("out"), note=notes.append)
    assert paths(found) == ["in/a.PNG", "in/b.jpg", "in/linked.jpg", "in/sub/a.jpg", "in/sub/deep/c.heic"]
    assert len(notes) == 3
    for word in ("loop", "gone.jpg: skipped, a link to nothing", "pipe.jpg"):
        assert any(word in note for note in notes)


def test_lists():
    assert read_list(b"a b.jpg\n\nc.jpg\n") == [Path("a b.jpg"), Path("c.jpg")]
    assert read_list(b"a\nb.jpg\0c.jpg\0") == [Path("a\nb.jpg"), Path("c.jpg")]


def test_a_list_holds_names_and_no_patterns(tree):
    assert paths(expand([], listed=[Path("gone [1].jpg"), Path("in/b.jpg")])) == ["gone [1].jpg", "in/b.jpg"]
    assert paths(expand([], listed=[Path("n" * 300), Path("in/sub")], output=Path("out"))) == [
        "n" * 300, "in/sub/a.jpg", "in/sub/deep/c.heic",
    ]  # fmt: skip


def test_a_list_from_windows():
    assert read_list(b"\xef\xbb\xbfa.jpg\r\nb c.jpg\r\n") == [Path("a.jpg"), Path("b c.jpg")]
    for encoding in ("utf-16-le", "utf-16-be"):  # PowerShell's `dir -name > list.txt`
        assert read_list("\ufeffä.jpg\r\nb c.jpg\r\n".encode(encoding)) == [Path("ä.jpg"), Path("b c.jpg")]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_a_picture_is_no_list(format):
    file = io.BytesIO()
    Image.new("RGB", (20, 10)).save(file, format)
    with pytest.raises(OptionError, match="is a picture, and no list"):
        read_list(file.getvalue())
    for ends in (b"\n", b"\0"):
        assert read_list(b"BMW 2.jpg" + ends + b"GIF89a.gif" + ends) == [Path("BMW 2.jpg"), Path("GIF89a.gif")]


def made(folder, files):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def without_extras(monkeypatch, *modules):
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)


def test_photos_under_every_suffix_or_none(tmp_path):
    jpeg, png = saved(picture(), "JPEG"), saved(picture(), "PNG")
    names = ["a.jfif", "b.JIF", "c.mpo", "d", "e.dat", "f.jpg_original", "g.txt"]
    made(tmp_path, dict.fromkeys(names, jpeg) | {"h.bin": png, "i.txt": b"words", "j": b"", "k.xmp": jpeg})
    notes = []
    found = expand([tmp_path], output=Path("out"), note=notes.append)
    assert [each.path.name for each in found] == [*names, "h.bin"]
    assert notes == []


def test_pictures_that_cannot_be_read_are_counted_in_one_line(tmp_path, monkeypatch):
    without_extras(monkeypatch, "rawpy", "pillow_jxl", "pillow_heif")
    names = ["a.dng", "b.NEF", "c.jxl", "sub/d.dng", "e.psd", "f.hif", "g.jpg"]
    made(tmp_path, dict.fromkeys(names, b"x") | {"h": b"\xff\x0a rest of a JPEG XL"})
    notes = []
    assert [each.path.name for each in expand([tmp_path], output=Path("out"), note=notes.append)] == ["g.jpg"]
    assert notes == [
        "7 files skipped: 3 RAW (.dng, .nef), 1 JXL, 1 .hif, 1 .jxl, 1 .psd. "
        "Try: pip install 'arbitrary-nst[heic,jxl,raw]', or convert them to JPEG or PNG"
    ]


def test_pictures_that_an_extra_reads_are_taken(tmp_path):
    for module in ("rawpy", "pillow_jxl", "pillow_heif"):
        pytest.importorskip(module)
    made(tmp_path, dict.fromkeys(["a.dng", "b.CR3", "c.jxl", "d.hif"], b"x"))
    notes = []
    assert len(expand([tmp_path], output=Path("out"), note=notes.append)) == 4 and notes == []


def test_folders_of_photo_stores_are_left_out_with_a_note(tmp_path):
    names = [
        "a.jpg",
        "@eaDir/a.jpg",
        "sub/@eaDir/b.jpg",
        ".thumbnails/t.jpg",
        ".picasaoriginals/o.jpg",
        "#recycle/r.jpg",
    ]
    made(tmp_path, dict.fromkeys(names, b"x"))
    notes = []
    assert [each.path.name for each in expand([tmp_path], output=Path("out"), note=notes.append)] == ["a.jpg"]
    assert notes == [
        "5 folders left out, of a photo store's own: 1 #recycle, 1 .picasaoriginals, 1 .thumbnails, 2 @eaDir"
    ]
    assert len(expand([tmp_path / "#recycle"], output=Path("out"))) == 1  # asked for by name


@pytest.mark.slow
def test_fifty_thousand_names_are_found_in_seconds(tmp_path):
    """A tenth of that, in a tenth of the time: every second one a sidecar that is not looked into."""
    for number in range(2500):
        (tmp_path / f"{number}.jpg").touch()
        (tmp_path / f"{number}.xmp").touch()
    began = time.process_time()
    assert len(expand([tmp_path], output=Path("out"))) == 2500
    assert time.process_time() - began < 1


def test_a_search_holds_nothing_and_tells_apart_nothing(tmp_path):
    (tmp_path / "in").mkdir()
    for name in "ab":
        (tmp_path / "in" / f"{name}.jpg").touch()
    given = [tmp_path / "in", tmp_path / "in" / "a.jpg"]
    found = search(given, output=tmp_path / "out", several=True)
    assert next(found).below == Path("in")  # and the rest is not looked for yet
    assert [each.path.name for each in found] == ["b.jpg", "a.jpg"]
    assert len(expand(given, output=tmp_path / "out")) == 2
