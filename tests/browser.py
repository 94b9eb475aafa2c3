"""Debian's chromium, headless, at the page of a server in this process; a test without it is skipped, and says why."""

import base64
import contextlib
import shutil
import time

import pytest
from fakes import fake_stylizer

from arbitrary_nst.server.serving import Running
from arbitrary_nst.server.settings import ServeOptions

PATIENCE = 30.0  # s for what the page is to do
POLL = 0.05


def missing():
    """Why there is no browser here, None where there is one."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        return "no chromium and chromedriver: apt-get install chromium chromium-driver"
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "no selenium: pip install selenium"
    return None


@contextlib.contextmanager
def chromium():
    """A driver."""
    if reason := missing():
        pytest.skip(reason)
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """The page of a server in a browser; each of its methods waits for what it asks for."""

    def __init__(self, driver, stylizer=None, is_open=True, **options):
        self.driver, self._is_open = driver, is_open
        self.server = Running(stylizer or fake_stylizer(), ServeOptions(port=0, **options), lambda line: None)

    def __enter__(self):
        self.server.start()
        self.sized(1280, 800)
        if self._is_open:
            self.open()
        else:
            self.driver.get(self.server.address)
        return self

    def __exit__(self, *exception):
        self.driver.get("about:blank")
        self.server.drain(5)

    def sized(self, width, height, dark=False):
        emulate = self.driver.execute_cdp_cmd
        emulate("Emulation.setDeviceMetricsOverride",
                {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        emulate("Emulation.setEmulatedMedia", {"features": [scheme]})

    def open(self):
        self.driver.get(self.server.address)
        self.wait("return 'ready' in document.body.dataset")

    def run(self, script, *values):
        return self.driver.execute_script(script, *values)

    def wait(self, script, *values):
        """The script's value, once it is true of the page."""
        deadline = time.monotonic() + PATIENCE
        while not (value := self.run(script, *values)):
            assert time.monotonic() < deadline, f"{script}\n{self.text('body')}\n{self.complaints()}"
            time.sleep(POLL)
        return value

    def one(self, selector):
        """An element, once it is to be seen."""
        shown = "const e = document.querySelector(arguments[0]); return e && e.checkVisibility() ? e : null"
        return self.wait(shown, selector)

    def click(self, selector):
        self.one(selector).click()

    def keys(self, selector, *keys):
        self.driver.find_element("css selector", selector).send_keys(*keys)

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def set(self, selector, value):
        """Move a slider."""
        self.run(
            "const e = document.querySelector(arguments[0]); e.value = arguments[1];"
            "e.dispatchEvent(new Event('input', {bubbles: true}))", selector, value)  # fmt: skip

    def add(self, *paths):
        """Choose photos."""
        self.keys("#photo-files", "\n".join(map(str, paths)))

    def drop(self, selector, path):
        """Drop a file on an element."""
        self.run(
            """const [selector, name, text] = arguments, data = new DataTransfer();
            const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
            data.items.add(new File([bytes], name, {type: 'image/png'}));
            for (const kind of ['dragover', 'drop']) document.querySelector(selector).dispatchEvent(
                new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: data}))""",
            selector, path.name, base64.b64encode(path.read_bytes()).decode())  # fmt: skip

    def picture(self, image="#after", x=0.5, y=0.5):
        """The colour of a picture there: three of 0 to 255; None while there is no picture."""
        return self.run(
            """const image = document.querySelector(arguments[0]); if (!image.src || !image.naturalWidth) return null;
            const canvas = document.createElement('canvas'), {naturalWidth: w, naturalHeight: h} = image;
            [canvas.width, canvas.height] = [w, h]; const pen = canvas.getContext('2d'); pen.drawImage(image, 0, 0);
            return [...pen.getImageData(arguments[1] * (w - 1), arguments[2] * (h - 1), 1, 1).data].slice(0, 3)""",
            image, x, y)  # fmt: skip

    def until(self, holds):
        """Wait until something holds; what it returned."""
        deadline = time.monotonic() + PATIENCE
        while not (value := holds()):
            assert time.monotonic() < deadline, f"{self.text('body')}\n{self.complaints()}"
            time.sleep(POLL)
        return value

    def complaints(self):
        """What the browser complains of: scripts that fail, policies that are broken."""
        return [each["message"] for each in self.driver.get_log("browser") if each["level"] == "SEVERE"]
