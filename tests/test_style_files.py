"""`.style` files: what goes in comes out, and what is damaged or hostile is one line."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from fakes import fake_stylizer
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import save

from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.styles import Style, blend, files, thumbnails

NUMBERS = np.linspace(-2, 3, 100, dtype=np.float32)
KERNEL = np.float32([[[[0.25, -0.5]]]])


def a_style(**changes):
    thumbnail = thumbnails.thumbnail(np.full((256, 256, 3), (0.8, 0.2, 0.1), np.float32))
    kept = {"model_name": "lite", "source": "wave.jpg", "learnt": "200 steps", "thumbnails": ((thumbnail, 1.0),)}
    return Style(NUMBERS, "digest", **{"name": "wave", "origin": "abc"} | kept | changes)


def test_a_style_comes_back_as_it_was(tmp_path):
    style = a_style(weights={"transfer/contract_2/kernel": KERNEL})
    style.save(tmp_path / "wave.style")
    again = Style.load(tmp_path / "wave.style")
    for field in ("model", "name", "origin", "model_name", "source", "learnt", "thumbnails"):
        assert getattr(again, field) == getattr(style, field)
    np.testing.assert_array_equal(again.numbers, NUMBERS)  # bit for bit
    assert again.weights.keys() == style.weights.keys()
    np.testing.assert_array_equal(again.weights["transfer/contract_2/kernel"], KERNEL)  # these are f16's too
    assert [path.name for path in tmp_path.iterdir()] == ["wave.style"]
    assert files.encoded(again) == (tmp_path / "wave.style").read_bytes()


def test_any_safetensors_reader_reads_it():
    from safetensors.numpy import load

    tensors = load(files.encoded(a_style()))
    np.testing.assert_array_equal(tensors["numbers"], NUMBERS)
    assert Image.open(io.BytesIO(tensors["thumbnail"].tobytes())).size == (128, 128)


def test_a_blend_has_the_thumbnails_and_the_weights_of_its_parts():
    one = a_style(weights={"transfer/x/bias": np.float32([2.0])})
    green = thumbnails.thumbnail(np.full((64, 64, 3), (0, 0.6, 0), np.float32))
    mixed = blend({one: 0.25, a_style(thumbnails=((green, 1.0),), source="moss.jpg"): 0.75})
    np.testing.assert_array_equal(mixed.weights["transfer/x/bias"], [0.5])
    assert mixed.source == "wave.jpg, moss.jpg"
    picture = np.asarray(Image.open(io.BytesIO(thumbnails.joined(mixed.thumbnails))).convert("RGB"))
    assert picture[64, 40, 1] > 130 and picture[64, 120, 0] > 180  # green is three quarters of it, the rest red
    assert blend({a_style(): 1.0}).weights is None


def test_a_notebook_shows_the_thumbnail():
    assert "data:image/jpeg;base64," in a_style(name="<wave>")._repr_html_()
    assert "<b>&lt;wave&gt;</b>" in a_style(name="<wave>")._repr_html_()
    assert "<img" not in a_style(thumbnails=())._repr_html_()


def test_embedding_knows_its_source_and_its_thumbnail(tmp_path):
    Image.new("RGB", (40, 40), "red").save(tmp_path / "red.png")
    stylizer = fake_stylizer()
    style = stylizer.style(tmp_path / "red.png")
    style.save(tmp_path / "red.style")
    again = stylizer.style(tmp_path / "red.style")
    assert again.name == "red" and again.source == "red" and again.model_name == "lite" and again.thumbnails
    photo = np.random.default_rng(0).random((16, 16, 3), np.float32)
    picture = stylizer.stylize(photo, style)
    np.testing.assert_array_equal(stylizer.stylize(photo, again), picture)
    np.testing.assert_array_equal(stylizer.stylize(photo, str(tmp_path / "red.style")), picture)
    assert stylizer.engine.styles == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": "other", "model_name": "mini"}, r"made with mini, and lite is in use. Try: model='mini'"),
        ({"model": "other", "model_name": "lite"}, "another version of lite"),
        ({"model": "other", "model_name": "secret"}, "made with secret, and lite is in use"),
    ],
)
def test_a_style_of_another_model_names_both(tmp_path, changes, says):
    (tmp_path / "x.style").write_bytes(files.encoded(Style(NUMBERS, **{"name": "x", **changes})))
    stylizer = fake_stylizer()
    with pytest.raises(OptionError, match=says):
        stylizer.style(tmp_path / "x.style")
    del stylizer.__dict__["engine"]  # nor is one loaded
    with pytest.raises(OptionError, match=says):
        stylizer.style(tmp_path / "x.style")


# --- damaged and hostile files


@pytest.mark.skipif(os.name != "posix", reason="no umask")
def test_a_file_has_the_mode_that_the_umask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        Style(np.zeros(3, np.float32), "digest").save(tmp_path / "x.style")
    finally:
        os.umask(before)
    assert (tmp_path / "x.style").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["x.style"]


TEXTS = dict.fromkeys(files.TEXTS, '""') | {"arbstyle_style": "1", "model_sha256": '"digest"'}


def file(tensors=None, **texts):
    return save({"numbers": NUMBERS} if tensors is None else tensors, TEXTS | texts)


def raw(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def claim(**about):
    return {"numbers": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]} | about}


HOSTILE = {
    "empty": b"",
    "no file of this kind": b"\xff\xd8\xff\xe0" + b"x" * 100,
    "header longer than the file": (2**63).to_bytes(8, "little") + b"{}",
    "header of 2 GB": (2**31).to_bytes(8, "little") + b"{}",
    "header that is no JSON": raw(b"{]"),
    "header that is no object": raw([1, 2]),
    "deep header": raw(b"[" * 100_000),
    "no numbers": file({"other": NUMBERS}),
    "numbers of 2 GB": raw(claim(shape=[2**29], data_offsets=[0, 2**31]), b"x" * 16),
    "shape beyond its bytes": raw(claim(shape=[2**40]), b"x" * 16),
    "shape that overflows": raw(claim(shape=[2**62, 2**62]), b"x" * 16),
    "negative shape": raw(claim(shape=[-4]), b"x" * 16),
    "negative offsets": raw(claim(data_offsets=[-16, 0]), b"x" * 16),
    "offsets turned round": raw(claim(data_offsets=[16, 0]), b"x" * 16),
    "unknown type": raw(claim(dtype="F33"), b"x" * 16),
    "whole numbers": file({"numbers": np.arange(4)}),
    "bytes for numbers": file({"numbers": np.arange(4, dtype=np.uint8)}),
    "no numbers at all": file({"numbers": np.zeros(0, np.float32)}),
    "a table of numbers": file({"numbers": np.zeros((2, 50), np.float32)}),
    "not a number": file({"numbers": np.float32([0, np.nan])}),
    "infinite": file({"numbers": np.float32([0, np.inf])}),
    "huge": file({"numbers": np.float32([0, 1e30])}),
    "a tensor of another name": file({"numbers": NUMBERS, "__reduce__": NUMBERS}),
    "weights that are no numbers": file({"numbers": NUMBERS, "transfer/x": np.float16([np.nan])}),
    "weights of five axes": file({"numbers": NUMBERS, "transfer/x": np.zeros((1,) * 5, np.float16)}),
    "no version": save({"numbers": NUMBERS}),
    "a version that is text": file(arbstyle_style='"1"'),
    "a version to come": file(arbstyle_style="2"),
    "no model": file(model_sha256='""'),
    "text that is no JSON": file(name="{"),
    "text that is a list": file(name="[1]"),
    "deep text": file(name="[" * 100_000),
    "lines in a name": file(name=json.dumps("a\nb\x1b[31m")),
    "a book for a name": file(name=json.dumps("x" * 100_000)),
    "a thumbnail that is none": file({"numbers": NUMBERS, "thumbnail": np.arange(50, dtype=np.uint8)}),
    "too long": file() + b"\0" * files.LONGEST,
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_damaged_or_hostile_file_is_one_line(data):
    with pytest.raises(PhotoError, match=r"x\.style: no style that can be read") as caught:
        files.decoded(data, name="x.style")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300 and str(caught.value).isprintable()
    assert caught.value.exit_code == 2 and "serializ" not in str(caught.value)


def test_a_file_that_is_not_there_is_told_like_a_photo(tmp_path):
    with pytest.raises(PhotoError, match=r"x\.style: no such file\. Try: check the path"):
        files.read(tmp_path / "x.style")


def test_a_large_thumbnail_is_not_decoded():
    bomb = io.BytesIO()
    Image.new("L", (8000, 8000)).save(bomb, "JPEG")
    with pytest.raises(PhotoError, match="thumbnail is large"):
        files.decoded(file({"numbers": NUMBERS, "thumbnail": np.frombuffer(bomb.getvalue(), np.uint8)}), name="x.style")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c", " .. ", "x" * 900])
def test_a_name_from_a_file_stays_within_its_folder(name):
    known = files.decoded(file(name=json.dumps(name)), name="x.style").name
    assert "/" not in known and "\\" not in known and known.strip(" .") and len(known) <= 100


WHOLE = files.encoded(a_style(weights={"transfer/contract_2/kernel": KERNEL}))


@given(st.integers(0, len(WHOLE) - 1))
def test_a_truncated_file_is_one_line(length):
    with pytest.raises(PhotoError):
        files.decoded(WHOLE[:length], name="x.style")


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
def test_a_changed_file_is_a_style_or_one_line(at, junk):
    changed = WHOLE[:at] + junk + WHOLE[at + len(junk) :]
    try:
        style = files.decoded(changed, name="x.style")
    except PhotoError as exc:
        assert "\n" not in str(exc)
    else:
        assert np.isfinite(style.numbers).all()


@given(st.binary(max_size=300))
def test_noise_is_one_line(data):
    with pytest.raises(PhotoError):
        files.decoded(data, name="x.style")


def test_neither_a_folder_nor_what_is_missing_is_read(tmp_path):
    for path in (tmp_path, tmp_path / "missing.style", tmp_path / "nul\0"):
        with pytest.raises(PhotoError):
            Style.load(path)
    with pytest.raises(PhotoError, match="cannot be written"):
        a_style().save(tmp_path / "nowhere" / "x.style")


def test_reading_a_style_needs_no_framework():
    script = "import sys; from arbitrary_nst.styles import files; files.decoded(sys.stdin.buffer.read(), name='x'); "
    script += "print(sorted({'torch', 'tensorflow', 'jax', 'openvino', 'keras'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], input=WHOLE, capture_output=True)
    assert (done.returncode, done.stdout.strip()) == (0, b"[]"), done.stderr
