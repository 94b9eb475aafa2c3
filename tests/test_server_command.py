"""`arbstyle serve` as a user runs it: a process of its own; and the examples of docs/server.md."""

import concurrent.futures
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from drawn import picture, saved
from PIL import Image
from served import TOKEN, form
from typer.main import get_command

from arbitrary_nst import cli
from arbitrary_nst.server.openapi import document
from arbitrary_nst.server.problems import KINDS
from arbitrary_nst.server.settings import ServeOptions

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "server.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```(sh|python)\n(.*?)```", PAGE, re.DOTALL)
PHOTO = saved(picture(40, 30), "JPEG")


@pytest.fixture
def serve(tmp_path):
    """Starts the command over the fake engine; the process and its address."""
    begun = []

    def start(*options, command=(sys.executable, TESTS / "fake_command.py"), **environment):
        process = subprocess.Popen(
            [*command, "serve", "--port", "0", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | environment, cwd=tmp_path,
        )  # fmt: skip
        begun.append(process)
        line = process.stdout.readline()
        assert line.startswith("arbstyle serves http://"), process.communicate()
        address = line.split()[2]
        deadline = time.monotonic() + 60
        while httpx.get(f"{address}readyz").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return process, address

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def ended(process):
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_it_prints_its_address_answers_and_ends(serve):
    process, address = serve()
    assert address.startswith("http://127.0.0.1:")
    assert "<title>" in httpx.get(address).text
    assert httpx.post(f"{address}api/v1/stylize", **form(PHOTO)).status_code == 200
    for nonsense in (b"\x16\x03\x01\x02", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", int(address.split(":")[2][:-1]))) as connection:
            connection.sendall(nonsense)
    assert httpx.get(f"{address}healthz").status_code == 200
    process.send_signal(signal.SIGTERM)
    code, _, err = ended(process)
    assert (code, err) == (0, "arbstyle: finishing what is in flight; Ctrl-C again stops at once\n")


@pytest.mark.slow
def test_sigterm_in_mid_work_loses_nothing(serve):
    process, address = serve(ARBSTYLE_TEST_BUSY="0.3")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(httpx.post, f"{address}api/v1/stylize", **form(PHOTO), timeout=30) for _ in range(4)]
        while "arbstyle_under_way 4.0" not in httpx.get(f"{address}metrics").text:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert [each.result().status_code for each in answers] == [200] * 4
    assert ended(process)[0] == 0


@pytest.mark.slow
def test_what_takes_longer_than_the_grace_is_given_up(serve):
    process, address = serve("--grace", "1", ARBSTYLE_TEST_BUSY="60")
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{address}api/v1/stylize", **form(PHOTO), timeout=0.5)
    httpx.post(f"{address}api/v1/stylize", **form(PHOTO, headers={"Prefer": "respond-async"}))
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 143


@pytest.mark.slow
def test_each_request_is_logged_if_asked_for(serve):
    process, address = serve("--access-log")
    httpx.get(f"{address}healthz?token=secret")
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    assert code == 0 and "127.0.0.1 GET /healthz 200" in err and "secret" not in err


@pytest.mark.slow
def test_a_server_for_others(serve, tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    _, address = serve("--host", "0.0.0.0", "--token-file", "token")
    assert address.startswith("http://localhost:")
    assert httpx.get(f"{address}api/v1/styles").status_code == 401
    assert httpx.get(f"{address}api/v1/styles", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def refused(*options, **environment):
    command = [sys.executable, TESTS / "fake_command.py", "serve", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ | environment)
    return done.returncode, done.stderr


@pytest.mark.slow
def test_what_cannot_be_served_is_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, err = refused("--port", str(taken.getsockname()[1]))
        assert code == 2 and "cannot listen there (Address already in use). Try: another --port" in err
    code, err = refused("--host", "0.0.0.0")
    assert code == 2 and err.endswith("Try: --token-file, or --no-token\n") and err.count("\n") == 1
    blocked = tmp_path / "uvicorn.py"
    blocked.write_text("raise ModuleNotFoundError('no', name='uvicorn')")
    code, err = refused(PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    assert (code, err) == (2, "arbstyle: serve: uvicorn is not installed. Try: pip install 'arbitrary-nst[server]'\n")


@pytest.mark.slow
def test_a_model_that_cannot_be_loaded_ends_it(tmp_path):
    command = [sys.executable, "-m", "arbitrary_nst", "serve", "--port", "0", "-m", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 4 and done.stderr.count("\n") == 1 and str(tmp_path) in done.stderr


@pytest.mark.slow
def test_the_examples_of_the_page_run(serve, tmp_path):
    _, address = serve()
    for name in ("photo.jpg", "other.jpg"):
        (tmp_path / name).write_bytes(PHOTO)
    for name in ("sky.png", "hills.png", "painting.jpg"):
        (tmp_path / name).write_bytes(saved(Image.new("RGB", (40, 30), "white"), "PNG"))
    ran = 0
    for kind, code in EXAMPLES:
        if "arbstyle serve" in code or "docker" in code or (kind == "sh" and shutil.which("curl") is None):
            continue
        command = ["sh", "-ec", code] if kind == "sh" else [sys.executable, "-c", code]
        command[-1] = code.replace("http://127.0.0.1:8765", address[:-1])
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
        assert done.returncode == 0, done.stderr
        ran += 1
    assert ran >= 2 and {"styled.jpg", "styled.zip"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.slow
def test_a_real_model_paints(serve, tmp_path):
    sample = TESTS.parent / "scripts" / "samples" / "landscape.jpg"
    _, address = serve("-m", "mini", command=(sys.executable, "-m", "arbitrary_nst"))
    with httpx.Client(base_url=address, timeout=60) as http:
        kept = http.post("/api/v1/photos", files={"photo": sample.read_bytes()}).json()
        fields = {"photo_id": kept["id"], "style": "mosaic"}
        whole = http.post("/api/v1/stylize", data=fields)
        assert whole.status_code == 200 and len(whole.content) > 100_000
        seconds = []
        for _ in range(5):
            began = time.monotonic()
            assert http.post("/api/v1/stylize", data=fields | {"max_size": "512"}).status_code == 200
            seconds.append(time.monotonic() - began)
        assert min(seconds) < 0.5  # 0.3 on two idle cores


def test_what_the_page_and_the_container_name_is_there():
    flags = {flag for each in get_command(cli.app).commands["serve"].params for flag in each.opts}
    root = TESTS.parent
    called = json.loads(re.search(r"^CMD (\[.*\])$", (root / "Dockerfile").read_text(), re.MULTILINE)[1])
    named = [word for word in called if word.startswith("--")]
    without_others = re.sub(r"curl.*|docker.*|.*http://127.*", "", PAGE)
    named += re.findall(r"(?<![\w-])--[a-z][a-z-]+", without_others)
    assert len(named) > 15 and set(named) <= {*flags, "--help"}
    assert "stop_grace_period: 40s" in (root / "compose.yaml").read_text() and ServeOptions().grace < 40


def test_the_pages_tables_name_every_route_and_every_problem():
    for path in document()["paths"]:
        assert path.replace("{id}", "ID").removeprefix("/api/v1/").split("/")[-1] in PAGE, path
    assert {word for word in KINDS if f"`{word}`" not in PAGE} == set()
    assert all(str(status) in PAGE for status, _ in KINDS.values())
