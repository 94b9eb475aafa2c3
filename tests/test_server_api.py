"""The HTTP API, asked in process: pictures, jobs, styles, photos, and what it tells of itself."""

import errno
import io
import os
import tempfile
import zipfile

import numpy as np
import pytest
from drawn import picture, saved
from PIL import Image
from served import Gate, Served, form

from arbitrary_nst.images import held, library
from arbitrary_nst.options import DrawOptions, EncodeOptions, RefineOptions, declared
from arbitrary_nst.server import style_pictures
from arbitrary_nst.server.app import routes
from arbitrary_nst.server.desk import Desk
from arbitrary_nst.server.openapi import document

PHOTO = saved(picture(40, 30), "PNG")
STYLE = saved(picture(32, 32), "JPEG")


@pytest.fixture(scope="module")
def server():
    with Served() as served:
        yield served


def pixels(response):
    return np.asarray(Image.open(io.BytesIO(response.content)))


def test_a_photo_comes_back_in_its_format_and_drawn_as_python_draws_it(server):
    response = server.stylize(PHOTO)
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    drawn = server.stylizer.stylize(PHOTO, str(library.style_picture("mosaic")))
    np.testing.assert_array_equal(pixels(response), np.asarray(drawn))
    assert response.headers["content-disposition"] == "inline; filename*=UTF-8''photo__mosaic.png"
    assert "draw;dur=" in response.headers["server-timing"]


def test_options_are_fields(server):
    response = server.stylize(PHOTO, max_size="20", format="jpg", quality="80")
    assert response.headers["content-type"] == "image/jpeg" and pixels(response).shape == (15, 20, 3)


def test_a_mask_is_a_file_and_leaves_none_behind(server, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))  # where no file can be made
    half = Image.fromarray(np.repeat(np.repeat(np.uint8([[0, 255]]), 20, 1), 30, 0))
    drawn = pixels(server.stylize(PHOTO, files=[("mask", ("half.png", saved(half, "PNG")))]))
    whole, photo = pixels(server.stylize(PHOTO)), np.asarray(picture(40, 30))
    np.testing.assert_array_equal(drawn[:, :18], photo[:, :18])
    np.testing.assert_array_equal(drawn[:, 22:], whole[:, 22:])
    wrong = server.stylize(PHOTO, files=[("mask", ("../half.png", saved(picture(90, 9), "PNG")))])
    assert wrong.status_code == 422
    assert wrong.json()["detail"] == "half.png: a mask of 90x9 for a photo of 40x30"
    assert server.stylize(PHOTO, files=[("mask", ("a.png", b"none"))]).status_code == 415
    assert server.stylize(PHOTO, mask="/etc/passwd").json()["detail"] == "mask: not a file"
    assert server.stylize(PHOTO, files=[("quality", ("90", b"90"))]).json()["detail"] == "quality: a file"
    assert not list(tmp_path.iterdir()) and not held._held


def half(width=40, height=30):
    """A picture that is white in its left half."""
    row = np.where(np.arange(width) < width // 2, np.uint8(255), np.uint8(0))
    return saved(Image.fromarray(np.tile(row, (height, 1))), "PNG")


def test_a_region_has_another_style(server):
    """Named by the gallery, or a picture of the request; the last lies on top, and nothing of them is left."""
    top = np.zeros((30, 40), np.uint8)
    top[:10] = 255
    files = [
        ("sky", ("sky.png", half())),
        ("top", ("t.png", saved(Image.fromarray(top), "PNG"))),
        ("paint", ("p.jpg", STYLE)),
    ]
    drawn = pixels(server.stylize(PHOTO, files=files, regions=["sky=neon", "top=paint"]))
    mosaic, neon = (pixels(server.stylize(PHOTO, style=name)) for name in ("mosaic", "neon"))
    paint = pixels(server.stylize(PHOTO, style=None, files=[("style", ("p.jpg", STYLE))]))
    np.testing.assert_array_equal(drawn[:10], paint[:10])
    np.testing.assert_array_equal(drawn[10:, :20], neon[10:, :20])
    np.testing.assert_array_equal(drawn[10:, 20:], mosaic[10:, 20:])
    assert not held._held
    wrong = server.stylize(PHOTO, files=[("sky", ("../sky.png", half(90, 9)))], regions="sky=neon")
    assert wrong.json()["detail"] == "sky.png: a mask of 90x9 for a photo of 40x30"
    assert server.stylize(PHOTO, files=files[:1], regions="sky=nean").json()["detail"] == "style 'nean': unknown"
    assert server.stylize(PHOTO, files=files).json()["detail"].startswith("field 'sky': unknown")
    assert server.stylize(PHOTO, files=files[:1], regions="sky=own-0123456789abcdef").status_code == 400
    broken = [files[0], ("paint", ("p.png", PHOTO[:80]))]
    assert server.stylize(PHOTO, files=broken, regions="sky=paint").json()["detail"].startswith("p.png: ")
    assert not held._held


def test_a_preset_is_so_many_options_and_a_field_counts_more(server):
    preset, alike = server.stylize(PHOTO, preset="subtle"), server.stylize(PHOTO, strength="0.35", colors="photo")
    assert preset.content == alike.content != server.stylize(PHOTO, preset="subtle", strength="0.5").content
    assert server.stylize(PHOTO, preset="subtel").status_code == 400
    assert "subtle" in {each["name"] for each in server.get("/api/v1/options").json()["presets"]}


def test_a_style_may_be_a_picture(server):
    response = server.stylize(PHOTO, style=None, files=[("style", ("of mine.jpg", STYLE))])
    assert response.status_code == 200 and "photo__of%20mine.png" in response.headers["content-disposition"]
    np.testing.assert_array_equal(pixels(response), np.asarray(server.stylizer.stylize(PHOTO, STYLE)))


def test_styles_are_blended_by_their_shares(server):
    one, other = (pixels(server.stylize(PHOTO, style=name)).astype(float) for name in ("mosaic", "neon"))
    both = server.stylize(PHOTO, style=["mosaic", "neon"], share=["1", "3"])
    np.testing.assert_allclose(pixels(both), (one + 3 * other) / 4, atol=1)  # rounded to a byte


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"max_size": "0"}, "max size 0: out of range"),
        ({"quality": "fine"}, "quality fine: no whole number"),
        ({"max_sise": "5"}, "field 'max_sise': unknown"),
        ({"style": "mosiac"}, "style 'mosiac': unknown"),
        ({"style": None}, "style: there is none"),
        ({"style": ["mosaic", "neon"], "share": "1"}, "share: 1 for 2 styles"),
        ({"share": "-1"}, "share '-1': no share"),
        ({"share": "0"}, "share: not all can be 0"),
        ({"refine": "maybe"}, "refine 'maybe': neither true nor false"),
        ({"recipe": "gatys"}, "field 'recipe': an option of refine, which is not asked for"),
        ({"minutes": "3"}, "field 'minutes': an option of learn, which is not asked for"),
        ({"vgg_weights": "/etc/passwd", "refine": "true"}, "field 'vgg_weights': whoever runs the server decides that"),
        ({"model": "lite"}, "field 'model': whoever runs the server decides that"),
        ({"existing": "skip"}, "field 'existing': of files and folders, and here there are none"),
        ({"regions": "sky"}, "regions 'sky': no mask with a style"),
        ({"regions": "/etc/passwd=mosaic"}, "regions: there is no file '/etc/passwd'"),
        ({"regions": "sky=mosaic"}, "regions: there is no file 'sky'"),
    ],
)
def test_options_that_make_no_sense_are_400(server, fields, what):
    response = server.stylize(PHOTO, **fields)
    told = response.json()
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    assert (told["detail"], told["kind"], told["status"]) == (what, "option", 400)
    assert told["hint"] and "--" not in told["hint"] and "{" not in told["hint"]


@pytest.mark.parametrize(
    ("photo", "status", "kind"),
    [
        (b"no picture at all", 415, "no-picture"),
        (b"%PDF-1.7 and more", 415, "no-picture"),
        (b"", 415, "no-picture"),
        (PHOTO[:60], 422, "damaged"),
        (PHOTO[: len(PHOTO) // 2], 422, "damaged"),
        (PHOTO[:16] + b"\0\1\0\0\0\1\0\0" + PHOTO[24:], 413, "too-large"),  # a bomb: 65536x65536 by its header
    ],
)
def test_what_is_wrong_with_a_photo_is_told_apart(server, photo, status, kind):
    response = server.stylize(photo, name="holiday.png")
    assert (response.status_code, response.json()["kind"]) == (status, kind)
    assert response.json()["detail"].startswith("holiday.png: ")


def test_too_little_memory_is_507():
    with Served() as served:
        served.stylizer.engine.memory = served.stylizer.engine.memory_in_strips = lambda height, width: 10**15
        response = served.stylize(PHOTO)
        assert (response.status_code, response.json()["kind"]) == (507, "memory")
        assert "max_size" in response.json()["hint"]
        served.stylizer.engine.memory = served.stylizer.engine.memory_in_strips = lambda height, width: 1
        assert served.stylize(PHOTO).status_code == 200


def test_a_fault_of_ours_is_500_and_tells_nothing_but_in_the_log():
    with Served() as served:
        served.stylizer.engine.transform = lambda photo, numbers: 1 / 0
        response = served.stylize(PHOTO)
        assert (response.status_code, response.json()["kind"]) == (500, "internal")
        assert "division" not in response.text and any("ZeroDivisionError" in line for line in served.said)
        assert 'arbstyle_failures_total{kind="internal"} 1.0' in served.get("/metrics").text


# --- jobs


def test_a_job_where_one_is_preferred(server):
    response = server.post("/api/v1/stylize", **form(PHOTO, headers={"Prefer": "respond-async"}))
    assert response.status_code == 202
    job = server.over(response.json())
    assert (job["state"], job["result"]["width"], job["result"]["type"]) == ("done", 40, "image/png")
    assert server.get(response.headers["location"]).json()["links"]["result"] == job["links"]["result"]
    assert 0 < job["expires_in"] <= 900
    assert pixels(server.get(job["links"]["result"])).shape == (30, 40, 3)
    assert server.delete(job["links"]["self"]).status_code == 204
    assert server.get(job["links"]["self"]).status_code == 404


def test_a_job_that_fails_tells_why(server):
    bad = form(PHOTO[:100], headers={"Prefer": "respond-async"})
    job = server.over(server.post("/api/v1/stylize", **bad).json())
    assert (job["state"], job["error"]["status"], job["error"]["kind"]) == ("failed", 422, "damaged")
    assert server.get(f"/api/v1/jobs/{job['id']}/result").status_code == 422


def test_pictures_of_several_jobs_in_a_zip(server):
    ids = []
    for name in ("a.png", "A.png", "../../etc/passwd", "a.png", "C:\\con\\..\\x?.png"):
        asked = form(PHOTO, name=name, headers={"Prefer": "respond-async"})
        ids.append(server.over(server.post("/api/v1/stylize", **asked).json())["id"])
    response = server.get("/api/v1/zip", params={"jobs": ",".join(ids)})
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert Image.open(io.BytesIO(archive.read(names[0]))).size == (40, 30)
    assert names == ["a__mosaic.png", "A__mosaic-2.png", "passwd__mosaic.png", "a__mosaic-3.png", "x-__mosaic.png"]
    assert server.get("/api/v1/zip").status_code == 400 and server.get("/api/v1/zip?jobs=x").status_code == 404


def test_jobs_are_stopped():
    with Served(queue=4) as served:
        gate, asked = Gate(served.stylizer.engine), form(PHOTO, headers={"Prefer": "respond-async"})
        first = served.post("/api/v1/stylize", **asked).json()
        gate.wait()
        others = [served.post("/api/v1/stylize", **asked).json() for _ in range(9)]
        waiting = others[-1]
        assert served.get(waiting["links"]["self"]).json()["waiting"] >= 0
        assert served.delete(waiting["links"]["self"]).json()["state"] == "stopped"
        assert served.delete(first["links"]["self"]).status_code == 202
        gate.open()
        assert served.over(first)["state"] == "stopped" and served.over(others[0])["state"] == "done"
        assert served.get(f"/api/v1/jobs/{first['id']}/result").status_code == 499


def test_a_full_queue_is_429_with_retry_after_and_nothing_else_is_lost():
    with Served(queue=2) as served:
        gate, asked = Gate(served.stylizer.engine), form(PHOTO, headers={"Prefer": "respond-async"})
        answers = [served.post("/api/v1/stylize", **asked) for _ in range(20)]
        refused = [each for each in answers if each.status_code == 429]
        assert refused and int(refused[0].headers["retry-after"]) >= 1 and refused[0].json()["kind"] == "busy"
        gate.open()
        taken = [each.json() for each in answers if each.status_code == 202]
        assert len(taken) >= 3 and all(served.over(job)["state"] == "done" for job in taken)


def test_the_same_key_gives_the_same_answer_and_draws_once(server):
    before, key = len(server.stylizer.engine.photos), {"Idempotency-Key": "one"}
    first, second = (server.post("/api/v1/stylize", **form(PHOTO, headers=key)) for _ in range(2))
    assert first.content == second.content and first.headers["arbstyle-job"] == second.headers["arbstyle-job"]
    assert len(server.stylizer.engine.photos) == before + 1
    other = server.post("/api/v1/stylize", **form(PHOTO, style="neon", headers=key))
    assert (other.status_code, other.json()["kind"]) == (422, "reused-key")


@pytest.mark.slow
def test_an_answer_that_is_not_kept_pushes_none_out_that_is():
    with Served(hold=20_000) as served:
        asked = form(PHOTO, headers={"Prefer": "respond-async"})
        job = served.over(served.post("/api/v1/stylize", **asked).json())
        for _ in range(10):
            assert "arbstyle-job" not in served.stylize(PHOTO, max_size="38").headers
        assert served.get(job["links"]["result"]).status_code == 200
        for _ in range(10):
            served.over(served.post("/api/v1/stylize", **asked).json())
        assert served.get(job["links"]["result"]).status_code == 404  # pushed out by what is kept
        assert served.studio.board.over.bytes <= 20_000


def test_the_position_stays_here_unless_it_is_asked_for(server):
    image, exif = picture(40, 30), Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8825)[1] = "N"
    photo = saved(image, "JPEG", exif=exif)
    for options, positions in (({}, {}), ({"metadata": "keep"}, {1: "N"})):
        exif = Image.open(io.BytesIO(server.stylize(photo, **options).content)).getexif()
        assert (exif[0x010F], dict(exif.get_ifd(0x8825))) == ("Maker", positions)


# --- styles and photos


def test_built_in_styles_are_listed_with_thumbnails(server):
    styles = server.get("/api/v1/styles").json()["styles"]
    assert [each["id"] for each in styles if each["kind"] == "built-in"] == list(library.style_names())
    thumbnail = server.get(styles[-1]["thumbnail"])
    assert thumbnail.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(thumbnail.content)).size == (192, 192)


def test_own_styles_are_added_used_and_removed(tmp_path):
    with Served(state=tmp_path / "styles") as served:
        response = served.post(
            "/api/v1/styles", files={"picture": ("../x.jpg", STYLE)}, data={"name": "My <b>style</b>\n"}
        )
        own = response.json()
        assert (response.status_code, own["name"], own["kind"]) == (201, "My <b>style</b>", "own")
        assert served.stylize(PHOTO, style=own["id"]).status_code == 200
        assert served.get(own["thumbnail"]).status_code == 200
    with Served(state=tmp_path / "styles") as again:
        assert again.get("/api/v1/styles").json()["styles"][0] == own
        assert again.delete(f"/api/v1/styles/{own['id']}").status_code == 204
        assert again.stylize(PHOTO, style=own["id"]).status_code == 400
        assert again.delete("/api/v1/styles/mosaic").status_code == 409
        assert again.delete("/api/v1/styles/own-0123456789abcdef").status_code == 404
    assert not list((tmp_path / "styles").iterdir()) and [*tmp_path.iterdir()] == [tmp_path / "styles"]


def test_a_style_that_the_folder_does_not_take_is_kept_as_long_as_the_server_runs(tmp_path, monkeypatch):
    def full(path, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Served(state=tmp_path) as served:
        monkeypatch.setattr(style_pictures, "_write", full)
        own = served.post("/api/v1/styles", files={"picture": STYLE}).json()
        assert "until the server ends" in own["note"] and str(tmp_path) not in own["note"]
        assert served.said[-1].endswith("(No space left on device)")
        assert served.stylize(PHOTO, style=own["id"]).status_code == 200
        assert list(tmp_path.iterdir()) == []


def test_what_a_killed_server_left_half_done_is_swept_out(tmp_path):
    with Served(state=tmp_path) as served:
        served.post("/api/v1/styles", files={"picture": STYLE})
    whole = {path.name for path in tmp_path.iterdir()}
    half_done = [".own-abc", "own-0123456789abcdef.webp", "own-0123456789abcdef.style", ".own-0123.style-x"]
    for name in (*half_done, "own-fedcba9876543210.webp", "notes.txt"):
        (tmp_path / name).write_bytes(b"half")
    for name in half_done:
        os.utime(tmp_path / name, (1, 1))
    with Served(state=tmp_path) as served:
        assert len(served.get("/api/v1/styles").json()["styles"]) == 1 + len(library.style_names())
    left = {path.name for path in tmp_path.iterdir()}  # one that is being written by another, and what is not ours
    assert left == whole | {"own-fedcba9876543210.webp", "notes.txt"}


def test_a_photo_is_uploaded_once_and_drawn_often(server):
    kept = server.post("/api/v1/photos", files={"photo": ("a.png", PHOTO)}).json()
    assert (kept["name"], kept["width"], kept["height"]) == ("a.png", 40, 30)
    for size in (None, 20, 30, 10):
        drawn = server.stylize(None, photo_id=kept["id"], max_size=None if size is None else str(size))
        assert pixels(drawn).shape[1] == (size or 40)
        np.testing.assert_array_equal(pixels(drawn), np.asarray(
            server.stylizer.stylize(PHOTO, str(library.style_picture("mosaic")), max_size=size)
        ))  # fmt: skip
    shown = server.get(kept["picture"], params={"max_size": "20"})
    assert shown.headers["content-type"] == "image/jpeg" and pixels(shown).shape == (15, 20, 3)
    assert server.get(f"/api/v1/photos/{kept['id']}").json()["width"] == 40
    assert server.delete(f"/api/v1/photos/{kept['id']}").status_code == 204
    assert server.stylize(None, photo_id=kept["id"]).status_code == 404
    assert server.stylize(PHOTO, photo_id=kept["id"]).status_code == 400


# --- about itself


def test_every_option_is_described_and_none_of_the_servers_own_paths(server):
    told = server.get("/api/v1/options").json()
    assert (told["model"], told["limits"]["keep_seconds"]) == ("lite", 900)
    for group, name in ((DrawOptions, "draw"), (EncodeOptions, "encode"), (RefineOptions, "refine")):
        described = {each["name"]: each for each in told["groups"][name]}
        left_out = {"vgg_weights"}  # a path of the server's
        assert described.keys() == {option.name for option in declared(group)} - left_out
        assert all(each["help"] and each["kind"] and "--" not in each["help"] for each in described.values())
    quality = next(each for each in told["groups"]["encode"] if each["name"] == "quality")
    assert (quality["kind"], quality["least"], quality["most"], quality["default"]) == ("integer", 1, 100, 95)
    assert next(each for each in told["groups"]["encode"] if each["name"] == "metadata")["default"] == "private"
    kinds = {each["name"]: each["kind"] for group in ("draw", "refine") for each in told["groups"][group]}
    assert kinds["regions"] == "regions"
    assert (kinds["mask"], kinds["init"], kinds["layers"], kinds["strength"]) == ("file", "choice", "weights", "number")


def test_openapi_describes_every_route(server):
    told = server.get("/api/v1/openapi.json").json()
    assert told == document()
    described = {(method.upper(), path) for path, methods in told["paths"].items() for method in methods}
    there = {
        (method, route.path)
        for route in routes(Desk(server.studio), None)
        for method in getattr(route, "methods", None) or ()
        if method != "HEAD"
    }
    assert described == there
    fields = told["paths"]["/api/v1/stylize"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert fields["properties"]["quality"]["maximum"] == 100


def test_models_and_numbers(server):
    models = server.get("/api/v1/models").json()["models"]
    assert {"mini", "lite", "magenta"} <= {each["name"] for each in models}
    assert [each["name"] for each in models if each["in_use"]] == ["lite"] and "where" not in models[0]
    server.stylize(PHOTO)
    numbers = server.get("/metrics").text
    assert 'arbstyle_requests_total{method="POST",route="/api/v1/stylize",status="200"}' in numbers
    assert "arbstyle_queue 0.0" in numbers and "arbstyle_ready 1.0" in numbers


def test_not_ready_until_the_model_is_loaded():
    with Served(start=False) as served:
        assert served.get("/healthz").status_code == 200
        for answer in (served.get("/readyz"), served.stylize(PHOTO)):
            assert (answer.status_code, answer.json()["kind"]) == (503, "loading") and answer.headers["retry-after"]
        served.studio.start()
        served.studio.loaded.wait(10)
        assert served.get("/readyz").status_code == 200
        served.studio.state = "stopping"
        assert served.stylize(PHOTO).json()["kind"] == "stopping"


def test_what_is_not_there_is_told_as_a_problem(server):
    for method, path, status in (("GET", "/api/v1/x", 404), ("GET", "/x.html", 404), ("GET", "/api/v1/stylize", 405),
                                 ("PUT", "/api/v1/stylize", 405), ("GET", "/../../etc/passwd", 404),
                                 ("GET", "/%2e%2e/%2e%2e/pyproject.toml", 404)):  # fmt: skip
        answer = server.run(server.client.request(method, path))
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), path


def test_the_page_comes_with_its_types(server):
    page = server.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8" and page.headers["cache-control"] == "no-cache"
    assert "script-src 'self'" in page.headers["content-security-policy"] and "<script>" not in page.text
