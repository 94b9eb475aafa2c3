"""Exported networks draw what the engine draws; their files say what they are, and the docs how to use them."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from arbitrary_nst import model_zoo
from arbitrary_nst.engines import load_engine
from arbitrary_nst.engines.program import Program, Step
from arbitrary_nst.errors import EngineError, OptionError
from arbitrary_nst.images import library
from arbitrary_nst.styles import Style

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

from arbitrary_nst.engines.onnx.export import _written, exported, exported_style  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "scripts" / "samples"
LEVELS = 0.2 / 255


def picture(name, size):
    image = Image.open(SAMPLES / name).convert("RGB").resize(size, Image.Resampling.LANCZOS)
    return np.asarray(image, np.float32)[np.newaxis] / 255


STYLES = np.concatenate([picture(f"{name}.jpg", (256, 256)) for name in ("woodblock_waves", "landscape")])


def photos(width, height):
    """Two of one size."""
    one = picture("landscape.jpg", (width, height))
    return np.concatenate([one, one[:, ::-1, ::-1]])


def session(data):
    return ort.InferenceSession(data, providers=["CPUExecutionProvider"])


def draws_alike(model, sizes):
    """Both photo halves by the same numbers; gives the two style halves' numbers."""
    engine = load_engine(model, "openvino", "f32")
    style, photo = (session(data) for data in exported(model).values())
    numbers = engine.predict_style(STYLES)
    for size in sizes:
        given = photos(*size)
        for rows in (numbers, numbers[:1]):
            (drawn,) = photo.run(None, {"photo": given, "numbers": rows})
            np.testing.assert_allclose(drawn, engine.transform(given, rows), atol=LEVELS)
    return engine, numbers, style.run(None, {"style": STYLES})[0]


@pytest.mark.slow
def test_mini_is_openvinos_at_any_size(mini):
    engine, numbers, ours = draws_alike(mini, [(160, 120), (98, 67), (17, 16)])
    given = photos(131, 90)
    np.testing.assert_allclose(engine.transform(given, ours), engine.transform(given, numbers), atol=LEVELS)


@pytest.mark.slow
def test_lites_photo_half_is_openvinos(lite):
    """Its style half rounds to 8 bits, where the last bit of a sum decides: a level on average."""
    engine, numbers, ours = draws_alike(lite, [(130, 99)])
    given = photos(130, 99)
    assert np.abs(engine.transform(given, ours) - engine.transform(given, numbers)).mean() < 2 / 255


@pytest.mark.slow
def test_the_full_model_is_openvinos(standin):
    model = model_zoo.resolve(str(standin), trust=True)
    engine, numbers, ours = draws_alike(model, [(160, 120), (67, 50)])
    given = photos(131, 90)
    np.testing.assert_allclose(engine.transform(given, ours), engine.transform(given, numbers), atol=LEVELS)


@pytest.mark.slow
def test_a_learnt_style_is_one_file(mini):
    style = Style.load(library.learnt_style(library.style_picture("impasto"), "mini"))
    ((name, data),) = exported_style(mini, style).items()
    assert name == "impasto.onnx" and [each.name for each in session(data).get_inputs()] == ["photo"]
    engine, given = load_engine(mini, "openvino", "f32"), photos(98, 67)
    if style.weights:
        engine = engine.with_weights(style.weights)
    drawn = session(data).run(None, {"photo": given})[0]
    np.testing.assert_allclose(drawn, engine.transform(given, style.numbers[None]), atol=LEVELS)


def test_weights_of_a_styles_own_are_in_its_file(mini):
    random = np.random.default_rng(0)
    learnt = {"transfer/contract_2/kernel": random.normal(0, 0.05, (5, 5, 3, 16)).astype(np.float32)}
    engine, given = load_engine(mini, "openvino", "f32"), photos(98, 67)
    style = Style(engine.predict_style(STYLES[:1])[0], mini.digest, "wave", weights=learnt)
    drawn = session(exported_style(mini, style)["wave.onnx"]).run(None, {"photo": given})[0]
    expected = engine.with_weights(learnt).transform(given, style.numbers[None])
    np.testing.assert_allclose(drawn, expected, atol=LEVELS)
    assert np.abs(drawn - engine.transform(given, style.numbers[None])).max() > 0.01


def test_files_say_what_they_are(mini):
    for half, data in zip(("style", "photo"), exported(mini).values(), strict=True):
        told = session(data).get_modelmeta().custom_metadata_map
        assert told["model"] == "mini" and told["licence"] == "Apache-2.0" and told["model_sha256"] == mini.digest
        assert "RGB" in told[f"input.{half}"] and "0 to 1" in told[f"input.{half}"]
        proto = onnx.load_from_string(data)
        assert {node.domain for node in proto.graph.node} == {""} and proto.opset_import[0].version == 17
        assert all(node.op_type != "Cast" for node in proto.graph.node)


def test_one_node_normalises(mini):
    """Constants are computed, and what a style's numbers are known for goes into the normalisation."""
    style = Style(np.ones(896, np.float32), mini.digest, "flat")
    kinds = [[node.op_type for node in onnx.load_from_string(data).graph.node]
             for data in (exported(mini)["mini-photo.onnx"], exported_style(mini, style)["flat.onnx"])]  # fmt: skip
    assert [each.count("InstanceNormalization") for each in kinds] == [10, 10]
    assert kinds[0].count("Mul") == kinds[1].count("Mul") + 10
    assert not {"Split", "ReduceMean"} & set(kinds[1])


def test_an_operation_that_is_not_known_is_told():
    with pytest.raises(EngineError, match="knows no Sort"):
        _written(Program(("x",), "y", (Step("Sort", ("x",), ("y",)),), {}), {"x": "x"})


# --- the command


def export(capsys, *words):
    from arbitrary_nst.cli import app

    app(["models", "export", *map(str, words)], standalone_mode=False)
    return capsys.readouterr().out


def test_the_command_writes_a_model_and_styles(tmp_path, capsys, mini):
    assert export(capsys, "mini", "-o", tmp_path / "new").count("\n") == 2
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["mini-photo.onnx", "mini-style.onnx"]
    Style(np.ones(896, np.float32), mini.digest, "flat", model_name="mini").save(tmp_path / "a.style")
    assert "flat.onnx" in export(capsys, tmp_path / "a.style", "-o", tmp_path)
    assert "impasto.onnx" in export(capsys, "impasto", "-o", tmp_path, "--format", "onnx")
    assert not export(capsys, "impasto", "-o", tmp_path, "--existing", "skip")


def test_what_cannot_be_exported_is_told(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("arbitrary_nst.images.library.LEARNT", "nothing")
    with pytest.raises(OptionError, match=r"aurora: a picture, which mini has not learnt"):
        export(capsys, "aurora", "-o", tmp_path)
    Style(np.ones(896, np.float32), "0" * 64, "flat", model_name="mini").save(tmp_path / "a.style")
    with pytest.raises(OptionError, match="another version of mini"):
        export(capsys, tmp_path / "a.style", "-o", tmp_path)
    monkeypatch.setitem(sys.modules, "arbitrary_nst.engines.onnx.export", None)
    with pytest.raises(EngineError, match=r"onnx: cannot be imported.*arbitrary-nst\[onnx\]"):
        export(capsys, "mini", "-o", tmp_path)


# --- docs/onnx.md


@pytest.mark.slow
def test_the_page_for_python_runs_as_it_is(tmp_path, mini):
    """And draws what arbstyle draws."""
    page = (ROOT / "docs" / "onnx.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(example.strip().splitlines()) <= 14
    for name, data in exported(mini).items():
        (tmp_path / name).write_bytes(data)
    for name, sample, size in (("style", "woodblock_waves", (256, 256)), ("photo", "landscape", (99, 70))):
        Image.open(SAMPLES / f"{sample}.jpg").convert("RGB").resize(size).save(tmp_path / f"{name}.jpg", quality=95)
    subprocess.run([sys.executable, "-c", example], cwd=tmp_path, check=True)
    drawn = np.asarray(Image.open(tmp_path / "picture.png"), np.float32)
    engine = load_engine(mini, "openvino", "f32")
    seen = np.asarray(Image.open(tmp_path / "style.jpg"), np.float32)[None] / 255
    photo = np.asarray(Image.open(tmp_path / "photo.jpg"), np.float32)[None] / 255
    expected = engine.transform(photo, engine.predict_style(seen))[0]
    assert drawn.shape == (70, 99, 3)
    np.testing.assert_allclose(drawn, 255 * expected.clip(0, 1), atol=0.51)  # half a level is rounded
