"""The page, used as people use it, in a real browser on a server with the fake engine."""

import dataclasses
import re
from pathlib import Path

import browser
import numpy as np
import numpy_nst
import pytest
from browser import Page
from drawn import picture, saved
from fakes import fake_stylizer
from PIL import Image
from starlette.responses import Response

from arbitrary_nst.refinement.record import Step

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser.missing() is not None, reason=browser.missing() or ""),
]


@pytest.fixture(scope="module")
def driver():
    with browser.chromium() as driver:
        yield driver


@pytest.fixture
def page(driver):
    with Page(driver) as page:
        page.run("localStorage.clear()")
        page.open()
        yield page
        assert page.complaints() == []


@pytest.fixture
def photo(tmp_path):
    return photo_file(tmp_path / "meadow.png")


def photo_file(path, width=640, height=480):
    path.write_bytes(saved(picture(width, height), "PNG"))
    return path


def state(page):
    return page.run(
        "return Object.fromEntries(Object.entries(localStorage).map(([k, v]) => [k.slice(9), JSON.parse(v)]))"
    )


def press(page, style):
    page.click(f'#styles li[data-key="{style}"] .swatch')


def is_the_photo(page):
    """Whether the picture's middle is the photo's, but for JPEG."""
    now, before = page.picture(), page.picture("#before")
    return now and before and np.abs(np.subtract(now, before)).max() <= 3


def drawn(page):
    """The picture's middle once nothing is being drawn, and how it was called."""
    page.wait("return import('/js/drawing.js').then(each => each.isIdle())")
    return page.until(page.picture)


def other_than(page, before):
    """The picture's middle once it has changed."""
    return page.until(lambda: (now := page.picture()) and now != before and now)


def test_a_photo_is_painted_at_once_and_again_in_the_style_that_is_picked(page, photo):
    assert "Have a photo painted" in page.text("#welcome")
    page.add(photo)
    first = other_than(page, None)
    assert page.picture("#before") is not None
    assert not page.run("return document.querySelector('#welcome').checkVisibility()")
    press(page, "ink-wash")
    other_than(page, first)
    page.wait("return document.querySelector('#said').textContent === 'Drawn in ink wash'")
    pressed = page.run("return [...document.querySelectorAll('#styles [aria-pressed=true]')].map(e => e.innerText)")
    assert pressed == ["ink wash"]


def test_the_picture_follows_the_dials(page, photo):
    page.add(photo)
    full = drawn(page)
    page.set("#strength", 0)
    page.until(lambda: is_the_photo(page))
    assert page.text("#strength-text") == "0 %"
    page.click("#reset")
    page.until(lambda: page.picture() == full)
    page.set("#preset", "portrait")
    page.run("document.querySelector('#preset').dispatchEvent(new Event('change'))")
    other_than(page, full)
    assert (page.text("#strength-text"), page.text("#strokes-text")) == ("50 %", "500 px")
    page.click("#reset")
    page.until(lambda: page.picture() == full)
    page.click('#dials [value="photo"] + span')
    other_than(page, full)
    page.set("#strokes", 0)
    assert page.text("#strokes-text") == "broadest"
    assert state(page)["look"]["strokes"] == 256


def test_two_styles_are_blended_by_their_shares(page, photo):
    page.add(photo)
    press(page, "ink-wash")
    one = drawn(page)
    page.click("#blend")
    assert page.text("#blend-hint") == "Now pick the second style."
    press(page, "neon")
    other_than(page, one)
    page.set("#share", 100)
    assert page.text("#share-text").split("\n") == ["ink wash 0 %", "neon 100 %"]
    blended = drawn(page)
    page.click("#blend")
    assert state(page)["look"]["styles"] == ["ink-wash"]
    page.until(lambda: page.picture() == one)
    assert blended != one


def test_the_slider_shows_photo_and_picture_and_keys_move_it(page, photo):
    from selenium.webdriver import ActionChains, Keys

    page.add(photo)
    drawn(page)
    assert page.run("return document.querySelector('#divider').hidden")
    page.click("#compare")
    divider = page.one("#divider")
    assert divider.get_attribute("aria-valuetext") == "50 % photo, 50 % picture"
    ActionChains(page.driver).drag_and_drop_by_offset(divider, 120, 0).perform()
    assert int(divider.get_attribute("aria-valuenow")) > 55
    page.keys("#divider", Keys.HOME)
    assert divider.get_attribute("aria-valuenow") == "0"
    page.keys("#divider", Keys.ARROW_RIGHT)
    assert divider.get_attribute("aria-valuenow") == "2"


def test_at_100_percent_the_picture_is_as_large_as_the_photo(page, tmp_path):
    page.add(photo_file(tmp_path / "large.png", 2000, 1500))
    drawn(page)
    page.click("#actual")
    page.wait("return document.querySelector('#after').naturalWidth === 2000")
    page.wait("return document.querySelector('#before').naturalWidth === 2000")
    assert page.run("return document.querySelector('#after').getBoundingClientRect().width") == 2000
    page.click("#fit")
    assert page.run("return document.querySelector('#after').getBoundingClientRect().width") < 1000


def test_the_brush_keeps_a_place_as_it_was_also_after_a_reload(page, photo):
    from selenium.webdriver import ActionChains, Keys

    page.add(photo)
    plain = drawn(page)
    page.click("#mask")
    ActionChains(page.driver).move_to_element(page.one("#brush")).click().perform()
    page.until(lambda: is_the_photo(page))
    assert page.picture(x=0.02, y=0.98) != page.picture("#before", x=0.02, y=0.98)
    page.open()
    page.until(lambda: page.picture() and np.abs(np.subtract(page.picture(), plain)).max() > 10)
    page.click("#mask")
    page.click("#mask-clear")
    page.until(lambda: page.picture() == plain)
    page.keys("#brush", " ")  # by keyboard: a dab in the middle
    page.until(lambda: is_the_photo(page))
    page.keys("#brush", Keys.ESCAPE)
    assert page.run("return document.querySelector('#mask-tools').hidden")


def test_every_style_is_shown_on_the_photo_and_picks_itself(page, photo):
    page.add(photo)
    page.wait(
        "return document.querySelectorAll('#row .drawn').length === document.querySelectorAll('#styles li').length"
    )
    page.run("document.querySelector('#row li[data-key=neon] .swatch').click()")
    assert state(page)["look"]["styles"] == ["neon"]


def test_the_sheet_is_one_stop_of_the_tab_key_and_arrows_move_in_it(page, photo):
    from selenium.webdriver import ActionChains, Keys

    def press_keys(*keys):
        ActionChains(page.driver).send_keys(*keys).perform()
        return page.run("const e = document.activeElement; return e.closest('li')?.dataset.key ?? e.id")

    page.add(photo)
    drawn(page)
    stops = "return document.querySelectorAll(arguments[0] + ' .swatch:not([tabindex=\"-1\"])').length"
    assert [page.run(stops, each) for each in ("#styles", "#row-list")] == [1, 1]
    page.run("document.querySelector('#add-style').focus()")
    ids = page.run("return [...document.querySelectorAll('#styles li')].map(each => each.dataset.key)")
    assert press_keys(Keys.TAB) == "watercolour"
    assert press_keys(Keys.ARROW_RIGHT) == ids[ids.index("watercolour") + 1]
    assert press_keys(Keys.HOME) == ids[0] and press_keys(Keys.ARROW_DOWN, Keys.ARROW_UP) == ids[0]
    assert press_keys(Keys.END, Keys.ENTER) == ids[-1]
    assert state(page)["look"]["styles"] == [ids[-1]]
    assert press_keys(Keys.TAB) not in ids


def test_a_dropped_picture_is_a_style_and_can_be_removed(page, photo, tmp_path):
    page.drop("#view", photo)
    before = other_than(page, None)
    own = tmp_path / "sunset.png"
    own.write_bytes(saved(Image.new("RGB", (64, 64), (250, 10, 10)), "PNG"))
    page.drop("#panel", own)
    other_than(page, before)
    assert page.text("#styles [aria-pressed=true]") == "sunset"
    page.run("document.querySelector('#styles .remove').click()")
    page.wait("return !document.querySelector('#styles').innerText.includes('sunset')")


def test_what_is_wrong_with_a_photo_stands_under_it(page, photo, tmp_path):
    broken = tmp_path / "notes.jpg"
    broken.write_text("no picture at all")
    page.add(photo, broken)
    words = page.until(lambda: page.text("#photos li.bad"))
    assert "notes.jpg" in words and re.search("not a (readable )?(picture|image)", words, re.I), words
    drawn(page)
    page.run("document.querySelector('#photos li.bad .remove').click()")
    page.wait("return !document.querySelector('#photos li.bad')")
    page.complaints()  # the browser's own, of the answer 415


def test_where_the_first_of_several_is_none_another_is_looked_at(page, photo, tmp_path):
    broken = tmp_path / "notes.jpg"
    broken.write_text("no picture at all")
    page.add(broken, photo)
    drawn(page)
    assert page.run("return document.querySelector('#photos [aria-pressed=true]').title") == "meadow.png"
    page.complaints()  # the browser's own, of the answer 415


def test_a_server_that_does_not_answer_is_told_of_and_asked_again(page, photo, tmp_path):
    page.add(photo)
    full = drawn(page)
    is_cut_off(page, True)
    page.set("#strength", 0)
    assert "The server does not answer" in page.until(lambda: page.text("#problem"))
    page.add(photo_file(tmp_path / "late.png", 200, 150))
    assert "does not answer" in page.until(lambda: page.text("#photos li.bad"))
    is_cut_off(page, False)
    page.wait("return !document.querySelector('#photos li.bad')")
    page.run("document.querySelector('#photos .photo').click()")
    page.until(lambda: is_the_photo(page))
    assert full and not page.text("#problem")
    page.complaints()


def is_cut_off(page, is_so):
    page.driver.execute_cdp_cmd("Network.enable", {})
    speed = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": is_so} | speed)


def test_a_photo_that_is_too_large_is_told_before_it_is_sent(driver, photo):
    with Page(driver, max_body=1000) as page:
        page.add(photo)
        assert "this server takes 0 MB" in page.until(lambda: page.text("#photos li.bad"))
        assert page.complaints() == []


def test_what_the_engine_says_stands_under_the_picture(driver, photo):
    stylizer = fake_stylizer()

    def fail(photo, numbers):
        raise MemoryError

    with Page(driver, stylizer) as page:
        stylizer.engine.transform = fail
        page.add(photo)
        assert "memory" in page.until(lambda: page.text("#problem"))
        assert page.one("#problem").get_attribute("role") == "alert"
        page.until(page.complaints)  # the browser complains too, and maybe later


def test_a_reload_and_a_second_tab_lose_nothing(page, photo):
    page.add(photo)
    press(page, "neon")
    before = drawn(page)
    page.open()
    assert drawn(page) == before
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    page.open()
    assert drawn(page) == before
    page.driver.close()
    page.driver.switch_to.window(first)


def test_a_photo_that_the_server_let_go_is_told_of_or_uploaded_again(page, photo):
    page.add(photo)
    drawn(page)
    page.server.studio.photos.shelf.pop(state(page)["photos"][0]["id"])
    page.set("#strength", 0)  # this tab still has the file
    page.until(lambda: is_the_photo(page))
    page.server.studio.photos.shelf.pop(state(page)["photos"][0]["id"])
    page.open()
    assert "Its time on the server is over" in page.until(lambda: page.text("#photos li.bad"))
    page.until(page.complaints)  # the browser complains of each 404


def test_several_photos_are_drawn_one_after_the_other_into_a_zip(page, tmp_path):
    page.add(*(photo_file(tmp_path / f"{name}.png", 200, 150) for name in "abc"))
    page.wait("return document.querySelectorAll('#photos img[data-source]').length === 3")
    page.click("#draw-all")
    page.until(lambda: "3 of 3 drawn" in page.text("#batch"))
    assert page.text("#photos").count("✓") == 3
    ids = [item["id"] for item in state(page)["batch"]["items"]]
    names = page.run("""return fetch('/api/v1/zip?jobs=' + arguments[0]).then(r => r.arrayBuffer())
        .then(b => new TextDecoder('latin1').decode(b))""", ",".join(ids))  # fmt: skip
    assert all(f"{name}__" in names for name in "abc")
    page.one("#batch-zip")
    page.open()
    assert "3 of 3 drawn" in page.until(lambda: page.text("#batch"))
    page.click("#batch-dismiss")
    page.wait("return document.querySelector('#batch').hidden")


def test_a_refinement_is_watched_stopped_and_kept(page, photo, monkeypatch):
    monkeypatch.setattr("arbitrary_nst.model_zoo.resolve_vgg19", lambda file, **options: file)
    monkeypatch.setattr("arbitrary_nst.refinement.losses.read_vgg19", lambda path: numpy_nst.thin_vgg19())
    page.add(photo)
    drawn(page)
    page.click("#refine")
    page.run("document.querySelector('#refine-size').value = '384'")
    page.click("#refine-dialog .primary")
    page.wait("return document.querySelector('#job-cards .curve path')?.getAttribute('d')")
    page.wait("return document.querySelector('#after').src.includes('/preview')")
    assert "step" in page.text("#job-cards h3")
    asked = page.run("return performance.getEntriesByType('resource').map(each => each.name)")
    (job,) = state(page)["jobs"]
    assert sum(name.endswith(f"/jobs/{job['id']}/events") for name in asked) <= 1  # noted when it ends
    assert sum(name.endswith(f"/jobs/{job['id']}") for name in asked) <= 3  # the rest comes by the stream
    page.open()  # in mid-work
    page.click("#job-cards .stop")
    page.until(lambda: "stopped" in page.text("#job-cards h3"))
    page.one("#job-cards .keep")
    page.click("#job-cards .picture")
    page.wait("return document.querySelector('#after').src.includes('/result')")
    page.click("#job-cards .discard")
    page.wait("return document.querySelector('#tray').hidden")


def test_where_events_do_not_come_through_the_page_looks_again(driver, photo, monkeypatch):
    async def nothing(self, request):
        return Response(b"", media_type="text/event-stream")

    monkeypatch.setattr("arbitrary_nst.server.job_endpoints.Jobs.events", nothing)
    monkeypatch.setattr("arbitrary_nst.model_zoo.resolve_vgg19", lambda file, **options: file)
    monkeypatch.setattr("arbitrary_nst.refinement.losses.read_vgg19", lambda path: numpy_nst.thin_vgg19())
    with Page(driver) as page:
        page.add(photo)
        drawn(page)
        page.click("#refine")
        page.run("document.querySelector('#refine-size').value = '384'")
        page.click("#refine-dialog .primary")
        page.until(lambda: "step" in page.text("#job-cards h3"))
        page.click("#job-cards .stop")
        page.until(lambda: "stopped" in page.text("#job-cards h3"))


def test_a_style_is_learnt_in_the_background_and_drawn_in(driver, photo, tmp_path, monkeypatch):
    monkeypatch.setattr("arbitrary_nst.server.about_endpoints.LEARNING_MODELS", ("lite", "tflite"))
    monkeypatch.setattr("arbitrary_nst.server.keeping_endpoints.refuse_unteachable", lambda card, depth: None)
    stylizer = fake_stylizer()

    def teach(picture, photos, how, *, name, origin, on_step):
        assert (len(list(photos)), how.minutes) == (1, 1.0)
        for step in range(4):
            on_step(
                Step(step, 192, 0.1 * step, 1.0, 2.0 - step / 2, 0.0, 3.0 - step / 2, 3, 1.0), lambda: picture.pixels
            )
        return dataclasses.replace(stylizer.style(np.zeros((32, 32, 3), np.float32)), name=name)

    stylizer.teach = teach
    own = photo_file(tmp_path / "towers.png", 96, 96)
    with Page(driver, stylizer) as page:
        page.run("localStorage.clear()")
        page.open()
        page.add(photo)
        before = drawn(page)
        page.keys("#style-file", str(own))
        page.click("#learn-choice")
        page.run("document.querySelector('#minutes').value = '1'")
        page.click("#style-ok")
        page.until(lambda: "done" in page.text("#job-cards h3"))
        assert page.text("#styles [aria-pressed=true]") == "towers"
        other_than(page, before)
        assert page.complaints() == []


def test_the_whole_photo_is_downloaded(page, tmp_path, photo):
    page.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    page.add(photo)
    drawn(page)
    page.run("const s = document.querySelector('#format'); s.value = 'webp'; s.dispatchEvent(new Event('change'))")
    page.click("#download")
    saved_as = page.until(lambda: next(tmp_path.glob("meadow__*.webp"), None))
    with Image.open(saved_as) as picture:
        assert picture.size == (640, 480)


def test_a_token_is_asked_for_once(driver, tmp_path):
    file = tmp_path / "token"
    file.write_text("a-token-of-sixteen-characters")
    with Page(driver, token_file=file, is_open=False) as page:
        page.wait("return document.querySelector('#token-dialog').open")
        page.keys("#token", "another-token")
        page.click("#token-form .primary")
        assert "not the token" in page.until(lambda: page.text("#token-problem"))
        page.keys("#token", "\b" * 20 + file.read_text())
        page.click("#token-form .primary")
        page.wait("return 'ready' in document.body.dataset")
        page.open()
        page.complaints()


def test_nothing_is_wider_than_the_window_and_every_control_has_a_name(page, photo):
    page.add(photo)
    drawn(page)
    for width, height in ((1280, 800), (390, 844), (900, 500)):
        page.sized(width, height)
        page.wait("return innerWidth === arguments[0]", width)
        assert page.run("return document.documentElement.scrollWidth") <= width
        over = page.run(
            "return [...document.querySelectorAll('button, select, input[type=range]')]"
            ".filter(e => e.checkVisibility() && !e.closest('ul') && e.getBoundingClientRect().right > innerWidth + 1)"
            ".map(e => e.id)"
        )
        assert over == []
    nameless = [
        each.get_attribute("outerHTML")[:120]
        for each in page.driver.find_elements("css selector", "button, select, input, [role=slider], canvas")
        if each.is_displayed() and not each.get_attribute("aria-hidden") and not each.accessible_name
    ]
    assert nameless == []


def test_the_page_asks_for_nothing_from_elsewhere():
    for path in (Path(__file__).parents[1] / "arbitrary_nst/server/page").rglob("*.*"):
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
        assert not re.search(r"https?:|//[a-z]+\.[a-z]|\bon[a-z]+=|style=", text), path
