"""`arbstyle score`, and `run --score`, as a user runs them, over a thin VGG19."""

import json

import numpy as np
import pytest
from fakes import fake_stylizer
from PIL import Image
from test_cli import invoke
from test_framing import bordered, painting

from arbitrary_nst import images, score
from arbitrary_nst.errors import ModelError, OptionError
from arbitrary_nst.images import library


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    for name, size in (("a.png", (65, 50)), ("b.png", (48, 70)), ("style.png", (60, 60)), ("made.png", (65, 50))):
        Image.fromarray(rng.integers(0, 255, (*size[::-1], 3), np.uint8)).save(tmp_path / name)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fake(fake, thin):
    """The fake engine and a thin VGG19."""


@pytest.fixture
def without_vgg19(monkeypatch):
    def nowhere(file, **options):
        raise ModelError("vgg19: not here", "{vgg_weights}")

    monkeypatch.setattr("arbitrary_nst.stylizer.Stylizer", lambda *model, **options: fake_stylizer())
    monkeypatch.setattr("arbitrary_nst.model_zoo.resolve_vgg19", nowhere)


def test_a_table_of_results(folder, fake, monkeypatch, capsys):
    assert invoke("score", "a.png", "style.png", "made.png", "a.png", monkeypatch=monkeypatch) == 0
    out, err = capsys.readouterr()
    head, made, itself = (line.split() for line in out.splitlines())
    assert head[:3] == ["result", "closed", "content"] and len(head) == len(made) == len(itself) and not err
    assert itself[:3] == ["a.png", "0.00", "0"] and made[0] == "made.png" and made[2] != "0"


def test_json_and_faults_one_line_each(folder, fake, monkeypatch, capsys):
    results = ("b.png", "broken.png", "gone.png", "made.png")
    assert invoke("score", "a.png", "style.png", *results, "--json", monkeypatch=monkeypatch) == 3
    out, err = capsys.readouterr()
    (line,) = out.splitlines()
    made = json.loads(line)
    assert made["result"] == "made.png" and made["photo"] == "a.png" and made["style"] == "style.png"
    assert made["closed"] < 1 and made["halo"] is None
    faults = err.splitlines()
    assert len(faults) == 3
    assert faults[0].startswith("arbstyle: b.png: 48x70, not the shape of its photo, 65x50. Try: ")
    assert faults[1].startswith("arbstyle: broken.png: not a") and faults[2].startswith("arbstyle: gone.png: no such")


@pytest.mark.parametrize("given", [("broken.png", "style.png"), ("a.png", "broken.png")])
def test_a_photo_or_style_that_cannot_be_read_ends_it(folder, fake, given, monkeypatch, capsys):
    assert invoke("score", *given, "made.png", monkeypatch=monkeypatch) == 2
    err = capsys.readouterr().err
    assert err.startswith("arbstyle: broken.png: not a") and err.count("\n") == 1


def test_without_vgg19_nothing_is_begun(folder, without_vgg19, monkeypatch, capsys):
    assert invoke("score", "a.png", "style.png", "made.png", monkeypatch=monkeypatch) == 4
    assert capsys.readouterr() == ("", "arbstyle: vgg19: not here. Try: --vgg-weights\n")
    assert invoke("run", "a.png", "-s", "style.png", "-o", "out", "--score", monkeypatch=monkeypatch) == 4
    assert capsys.readouterr() == ("", "arbstyle: vgg19: not here. Try: --vgg-weights\n")
    assert not (folder / "out").exists()


def test_a_run_scores_its_pictures(folder, fake, monkeypatch, capsys):
    call = ("run", "a.png", "b.png", "-s", "style.png", "-o", "out", "--json")
    assert invoke(*call, "--score", "--vgg-weights", "own.h5", monkeypatch=monkeypatch) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    out = ["out/a__style.png", "out/b__style.png"]
    assert [line["output"] for line in lines] == out and all(line["score"]["closed"] < 1 for line in lines)
    assert invoke("score", "a.png", "style.png", out[0], "--json", monkeypatch=monkeypatch) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["closed"] == pytest.approx(lines[0]["score"]["closed"], rel=0.01)  # rounded to 8 bits meanwhile
    assert invoke(*call, "--existing", "skip", "--score", monkeypatch=monkeypatch) == 0  # no part of the key
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(line["skipped"] and line["score"] is None for line in lines)


def test_a_line_tells_how_far_a_picture_went(folder, fake, monkeypatch, capsys):
    assert invoke("run", "a.png", "-s", "style.png", "-o", "out.png", "--score", monkeypatch=monkeypatch) == 0
    assert "  closed -" in capsys.readouterr().out  # noise is far from any style


def test_a_picture_too_small_to_judge_is_written_all_the_same(folder, fake, monkeypatch, capsys):
    Image.new("RGB", (9, 9)).save("tiny.png")
    call = ("run", "tiny.png", "-s", "style.png", "-o", "tiny_out.png", "--json", "--score")
    assert invoke(*call, monkeypatch=monkeypatch) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["score"] is None and (folder / "tiny_out.png").exists()
    assert err == "arbstyle: tiny.png: not scored: picture: too small to judge\n"


def test_weights_without_what_reads_them_are_refused(folder, fake, monkeypatch, capsys):
    assert invoke("run", "a.png", "-s", "style.png", "--vgg-weights", "own.h5", monkeypatch=monkeypatch) == 2
    assert "vgg weights: belongs to refinement" in capsys.readouterr().err


@pytest.mark.slow
def test_a_plain_border_of_the_style_is_no_style_to_score_by(folder, fake, monkeypatch, capsys):
    """Whoever scores: the command, a run, and a run that was told to take the border for style."""
    page = images.Photo(bordered(painting(60, 60), 20, (1, 1, 1), noise=0))
    for name, crop in (("page.png", "none"), ("inner.png", "auto")):
        images.to_pil(images.style_picture(page, crop)).save(name)

    def closed(*call):
        assert invoke(*call, "--json", monkeypatch=monkeypatch) == 0
        line = json.loads(capsys.readouterr().out)
        return line.get("score", line)["closed"]

    inner = closed("score", "a.png", "inner.png", "made.png")
    assert closed("score", "a.png", "page.png", "made.png") == inner
    run = ("run", "a.png", "-s", "page.png", "--score", "--existing", "overwrite", "-o", "a.tiff")
    drawn = closed(*run)
    assert drawn == pytest.approx(closed("score", "a.png", "inner.png", "a.tiff"), rel=0.01)
    whole = closed(*run, "--style-crop", "centre")
    assert abs(whole - closed("score", "a.png", "inner.png", "a.tiff")) > 0.05 * abs(whole)


def test_a_built_in_style_is_scored_by_its_name_and_one_without_its_picture_is_refused(folder, fake, monkeypatch):
    assert invoke("score", "a.png", "mosaic", "made.png", monkeypatch=monkeypatch) == 0
    stylizer = fake_stylizer()
    by_name = score("a.png", "mosaic", "made.png", stylizer=stylizer)
    assert by_name == score("a.png", library.style_picture("mosaic"), "made.png", stylizer=stylizer)
    style = stylizer.style("style.png")
    style.save("kept.style")
    for without in (style, "kept.style"):
        with pytest.raises(OptionError, match=r"^(style style|kept\.style): a score needs the picture itself"):
            score("a.png", without, "made.png", stylizer=stylizer)
        with pytest.raises(OptionError, match=r"^(style style|kept\.style): refinement needs the picture itself"):
            stylizer.refine(photo="a.png", style_image=without)


def test_from_python_results_carry_their_score(folder, fake):
    stylizer = fake_stylizer()
    (result,) = stylizer.stylize_many("a.png", "style.png", output="out", score=True)
    assert result.error is None and result.score.closed < 1
    with pytest.raises(OptionError, match="scores have to see one picture of it"):
        list(stylizer.stylize_many("a.png", stylizer.style("style.png"), output="other", score=True))
