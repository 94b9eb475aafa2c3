"""What takes minutes: refinements over a thin VGG19, and styles that are learnt."""

import io
import time
from dataclasses import replace

import numpy as np
import pytest
from drawn import saved
from PIL import Image
from served import Served, events, form

from arbitrary_nst.images import held
from arbitrary_nst.refinement.record import Step


def noise(width, height):
    rng = np.random.default_rng(0)
    return saved(Image.fromarray(rng.integers(0, 255, (height, width, 3), np.uint8)), "PNG")


PHOTO = noise(65, 50)


pytestmark = pytest.mark.usefixtures("thin")


def test_a_refinement_is_a_job_with_steps_a_picture_so_far_and_a_result():
    with Served() as served:
        response = served.stylize(PHOTO, refine="true", steps="6", format="png")
        assert response.status_code == 202
        told = events(served.get(response.json()["links"]["events"]).text)
        name, job = told[-1]
        assert (name, job["state"], job["kind"]) == ("end", "done", "refine")
        assert [step for step, _ in job["history"]] == list(range(7))
        assert (job["progress"]["step"], job["progress"]["last"], job["progress"]["scale"]) == (6, 6, 65)
        assert min(loss for _, loss in job["history"]) < job["history"][0][1]
        assert Image.open(io.BytesIO(served.get(job["links"]["preview"]).content)).size == (65, 50)
        refined = np.asarray(Image.open(io.BytesIO(served.get(job["links"]["result"]).content)))
        plain = np.asarray(Image.open(io.BytesIO(served.stylize(PHOTO, format="png").content)))
        assert refined.shape == plain.shape and np.abs(refined.astype(float) - plain).mean() > 1


def begun(served, job):
    """Wait for its first step."""
    deadline = time.monotonic() + 60
    while not served.get(job["links"]["self"]).json()["history"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_a_refinement_that_is_stopped_keeps_the_best_so_far():
    with Served() as served:
        job = served.stylize(PHOTO, refine="true", steps="100000").json()
        begun(served, job)
        assert served.delete(job["links"]["self"]).status_code == 202
        job = served.over(job)
        assert job["state"] == "stopped" and job["result"]["notes"][-1].startswith("stopped: the best of ")
        assert served.get(job["links"]["result"]).headers["content-type"] == "image/png"


@pytest.mark.slow
def test_a_refinement_goes_on_from_a_picture_and_has_regions():
    with Served() as served:
        first = served.over(served.stylize(PHOTO, refine="true", steps="5", format="png").json())
        begun_with = served.get(first["links"]["result"]).content
        files = [("init", ("so-far.png", begun_with))]
        further = served.over(served.stylize(PHOTO, refine="true", steps="3", format="png", files=files).json())
        assert further["state"] == "done", further["error"]
        assert further["history"][0][1] < 0.9 * first["history"][0][1]
        assert served.stylize(PHOTO, refine="true", files=[("init", ("a.png", b"none"))]).status_code == 415
        small = served.over(served.stylize(PHOTO, refine="true", files=[("init", ("a.png", noise(9, 9)))]).json())
        assert small["error"]["detail"] == "a.png: 9x9, the photo is 65x50"
        mask = saved(Image.fromarray(np.repeat(np.repeat(np.uint8([[0, 255]]), 33, 1), 50, 0)), "PNG")
        asked = {"regions": "sky=paint", "files": [("sky", mask), ("paint", noise(40, 40))]}
        job = served.over(served.stylize(PHOTO, refine="true", steps="2", **asked).json())
        assert job["state"] == "done", job["error"]
        assert not held._held


def test_a_refinement_that_cannot_be_is_refused_or_tells_why():
    with Served() as served:
        assert served.stylize(PHOTO, refine="true", recipe="gatis").json()["detail"].startswith("recipe 'gatis'")
        assert served.stylize(PHOTO, refine="true", init="/etc/passwd").status_code == 400
        job = served.over(served.stylize(noise(8, 8), refine="true").json())
        assert (job["state"], job["error"]["kind"]) == ("failed", "damaged")
        assert "too small to refine" in job["error"]["detail"]


class Teachable:
    """A session that learns in three steps."""

    def __init__(self, stylizer):
        self.asked = []

        def learn(picture, photos, how, *, name, origin, on_step):
            self.asked.append((picture.size, [each.shape for each in photos], how, name))
            for step in range(4):
                if on_step(
                    Step(step, 192, 0.1 * step, 1.0, 2.0 - step, 0.0, 3.0 - step, 3, 1.0), lambda: picture.pixels
                ):
                    break
            return replace(stylizer.style(np.zeros((32, 32, 3), np.float32)), name=name)

        stylizer.teach = learn


def test_a_style_is_learnt_and_then_one_of_the_gallery(monkeypatch, tmp_path):
    monkeypatch.setattr("arbitrary_nst.server.keeping_endpoints.refuse_unteachable", lambda card, depth: None)
    with Served(state=tmp_path) as served:
        taught = Teachable(served.stylizer)
        files = [("picture", ("mine.png", noise(40, 40))), ("photo", ("a.png", PHOTO))]
        response = served.post("/api/v1/styles", data={"learn": "true", "name": "Mine", "steps": "3"}, files=files)
        assert response.status_code == 202
        job = served.over(response.json())
        assert (job["state"], job["kind"], job["style"]["kind"]) == ("done", "learn", "learnt"), job["error"]
        ((size, shapes, how, name),) = taught.asked
        assert (size, shapes, how.steps, name) == ((40, 40), [(50, 65, 3)], 3, "Mine")
        assert served.get("/api/v1/styles").json()["styles"][0]["id"] == job["style"]["id"]
        drawn = served.stylize(PHOTO, style=job["style"]["id"], format="png")
        plain = served.stylizer.stylize(PHOTO, served.stylizer.style(np.zeros((32, 32, 3), np.float32)))
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(drawn.content))), np.asarray(plain))
        file = served.get(job["style"]["file"])
        assert "Mine.style" in file.headers["content-disposition"]
        again = served.stylize(PHOTO, style=None, files=[("style", ("Mine.style", file.content))], format="png")
        assert again.content == drawn.content
        assert served.post("/api/v1/styles", files={"picture": ("x.style", file.content)}).json()["kind"] == "learnt"
        bare = [("style", ("Mine.style", file.content))]
        assert served.stylize(PHOTO, style=None, files=bare, refine="true").status_code == 400
    with Served(state=tmp_path) as served:
        listed = served.get("/api/v1/styles").json()["styles"]
        assert [each["kind"] for each in listed[:3]] == ["learnt", "learnt", "built-in"]
        assert served.stylize(PHOTO, style=job["style"]["id"], format="png").content == drawn.content
        assert served.get(listed[0]["thumbnail"]).status_code == 200
        assert served.stylize(PHOTO, style=job["style"]["id"], colors="match").status_code == 200  # it has a picture
        assert served.stylize(PHOTO, style=listed[0]["id"], colors="match").status_code == 400  # of a .style file
        white = ("here", saved(Image.new("L", (65, 50), 255), "PNG"))
        region = served.stylize(PHOTO, files=[white], regions=f"here={job['style']['id']}", format="png")
        assert region.content == drawn.content
        asked = {"files": [white, ("mine", ("mine.style", file.content))], "format": "png"}
        assert served.stylize(PHOTO, regions="here=mine", **asked).content == drawn.content
        assert served.stylize(PHOTO, regions="here=mine", colors="match", **asked).status_code == 400


def test_a_style_file_that_is_none_is_told():
    with Served() as served:
        answer = served.stylize(PHOTO, style=None, files=[("style", ("a.style", b"none"))])
        assert (answer.status_code, answer.json()["kind"]) == (422, "damaged")
        assert answer.json()["detail"].startswith("a.style: ")


def test_where_nothing_is_learnt_that_is_told():
    with Served() as served:
        assert served.get("/api/v1/options").json()["can_learn"] is False
        answer = served.post("/api/v1/styles", **form(files=[("picture", noise(9, 9))], style=None, learn="true"))
        assert (answer.status_code, answer.json()["kind"]) == (400, "option")


@pytest.mark.slow
def test_draining_ends_refinements_and_keeps_their_best():
    with Served() as served:
        job = served.stylize(PHOTO, refine="true", steps="100000").json()
        begun(served, job)
        served.run(_later(served.studio.stop_searches))
        assert served.over(job)["result"] is not None


async def _later(function):
    function()
