"""A real server on loopback under load, with clients that are slow, greedy, hostile or gone."""

import concurrent.futures
import gc
import io
import os
import random
import socket
import threading
import time

import httpx
import numpy as np
import psutil
import pytest
from drawn import picture, saved
from fakes import fake_stylizer
from PIL import Image
from served import Gate, form

from arbitrary_nst.images import library, masks
from arbitrary_nst.server import gallery, recording, serving, uploads
from arbitrary_nst.server.serving import Running
from arbitrary_nst.server.settings import ServeOptions

PHOTO = saved(picture(40, 30), "PNG")
HEAD = "Host: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"


@pytest.fixture
def running():
    """Starts servers, and ends them."""
    begun = []

    def start(**options):
        server = Running(fake_stylizer(), ServeOptions(port=0, **options), lambda line: None)
        server.start()
        begun.append(server)
        assert server.studio.loaded.wait(10)
        return server

    yield start
    for server in begun:
        server.drain(2)
        assert not server.is_alive


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def answer_of(connection):
    connection.settimeout(10)
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
        if b"\r\n\r\n" in b"".join(pieces):
            break
    return b"".join(pieces)


def works(server):
    return httpx.post(f"{server.address}api/v1/stylize", **form(PHOTO), timeout=10).status_code == 200


def request_bytes(photo=PHOTO):
    body = (
        b'--x\r\nContent-Disposition: form-data; name="style"\r\n\r\nmosaic\r\n'
        b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\n' + photo + b"\r\n--x--\r\n"
    )
    return f"POST /api/v1/stylize HTTP/1.1\r\n{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body


def test_a_request_that_tells_of_too_much_is_refused_before_it_is_read(running):
    server = running(max_body=1000)
    with connect(server) as connection:
        connection.sendall(f"POST /api/v1/stylize HTTP/1.1\r\n{HEAD}Content-Length: 99999999999\r\n\r\n".encode())
        assert b" 413 " in answer_of(connection).split(b"\r\n")[0]


def test_a_request_that_turns_out_too_large_is_refused(running):
    server = running(max_body=1000)
    with connect(server) as connection:
        connection.sendall(f"POST /api/v1/stylize HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
        connection.sendall(b"800\r\n" + b"y" * 2048 + b"\r\n")
        assert b" 413 " in answer_of(connection).split(b"\r\n")[0]
    assert server.studio.intake._taken == 0


def test_many_parts_and_long_fields_are_refused(running):
    server = running()
    for fields in ({f"field{number}": "x" for number in range(200)}, {"style": "x" * 20000}):
        answer = httpx.post(f"{server.address}api/v1/stylize", data=fields, files={"photo": PHOTO})
        assert (answer.status_code, answer.json()["kind"]) == (413, "too-large")
    answer = httpx.post(f"{server.address}api/v1/stylize", files=[("photo", PHOTO)] * 20)
    assert answer.status_code == 413
    answer = httpx.post(f"{server.address}api/v1/stylize", content=b"{}", headers={"Content-Type": "application/json"})
    assert answer.status_code == 415


@pytest.mark.slow
@pytest.mark.parametrize(
    "body", [b"", b"--y\r\n", b"--x", b"--x\r\n\r\n", b"--x\r\nContent-Disposition: a\r\n\r\n1\r\n--x--"]
)
def test_broken_forms_are_told(running, body):
    server = running()
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = httpx.post(f"{server.address}api/v1/stylize", content=body, headers=headers)
    assert answer.status_code == 400 and answer.json()["kind"] == "option"
    answer = httpx.post(
        f"{server.address}api/v1/stylize", content=body, headers={"Content-Type": "multipart/form-data"}
    )
    assert answer.status_code == 400


def test_slow_headers_and_bodies_hold_up_nobody_and_are_let_go(running, monkeypatch):
    monkeypatch.setattr(serving, "HEADERS_S", 0.4)
    monkeypatch.setattr(uploads, "BODY_S", 0.4)
    server = running()
    slow = [connect(server) for _ in range(60)]
    for number, connection in enumerate(slow):
        connection.sendall(b"POST /api/v1/stylize HTTP/1.1\r\nHost: 127" if number % 2 else request_bytes()[:300])
    assert works(server)
    for number, connection in enumerate(slow):
        answer = answer_of(connection)  # ends where the server closes, or answers
        assert answer == b"" if number % 2 else b" 408 " in answer.split(b"\r\n")[0]
        connection.close()
    assert works(server)


def test_one_address_does_not_take_all_connections(running, monkeypatch):
    monkeypatch.setattr(serving, "MOST_OF_ONE", 5)
    server = running()
    many = [connect(server) for _ in range(9)]
    for connection in many[5:]:
        assert connection.recv(1) == b""
    for connection in many:
        connection.close()
    until(lambda: not server._server.server_state.connections)
    assert works(server)


@pytest.mark.slow
def test_who_does_not_take_an_answer_is_let_go(running, monkeypatch):
    monkeypatch.setattr(recording, "SEND_S", 0.3)
    server = running()
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (1700, 1700, 3), dtype=np.uint8))
    with connect(server) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(request_bytes(saved(noise, "JPEG", quality=100, subsampling=0)))
        deadline = time.monotonic() + 60
        wanted = 'route="/api/v1/stylize",status="200"'
        while wanted not in httpx.get(f"{server.address}metrics").text:  # counted when it is over, taken or not
            assert time.monotonic() < deadline
        assert not server.studio.board.under_way
    assert works(server)


def test_a_client_that_leaves_ends_its_work(running):
    server = running()
    gate = Gate(server.studio.session.engine)
    clients = [connect(server) for _ in range(12)]
    for client in clients:
        client.sendall(request_bytes())
    gate.wait()
    until(lambda: len(server.studio.board.under_way) == 12)
    for client in clients:
        client.close()
    until(lambda: all(job.is_unwanted for job in server.studio.board.under_way.values()))
    gate.open()
    until(lambda: not server.studio.board.under_way)
    assert len(server.studio.session.engine.photos) <= 2  # the one in the engine's hands, and no more than a next
    assert works(server)


def test_large_masks_and_styles_hold_up_only_their_own_request(running, monkeypatch):
    server = running()
    readers, opened, read = set(), gallery.opened, masks._decoded
    monkeypatch.setattr(
        gallery, "opened", lambda *given: readers.add(threading.current_thread().name) or opened(*given)
    )
    monkeypatch.setattr(masks, "_decoded", lambda path: readers.add(threading.current_thread().name) or read(path))
    files = [("mask", ("m.png", PHOTO)), ("style", ("s.png", PHOTO)), ("sky", ("r.png", PHOTO))]
    asked = form(PHOTO, files=files, style=None, regions="sky=mosaic")
    assert httpx.post(f"{server.address}api/v1/stylize", **asked).status_code == 200
    assert readers == {"decode"}


@pytest.mark.slow
def test_each_client_has_its_turn(running):
    server = running()
    gate = Gate(server.studio.session.engine)
    url, many = f"{server.address}api/v1/stylize", {"Prefer": "respond-async", "Arbstyle-Client": "many"}
    jobs = [httpx.post(url, **form(PHOTO, headers=many)).json() for _ in range(30)]
    one = httpx.post(url, **form(PHOTO, headers=many | {"Arbstyle-Client": "one"})).json()
    assert one["waiting"] <= 1 < httpx.get(server.address[:-1] + jobs[-1]["links"]["self"]).json()["waiting"]
    gate.open()


def until(holds):
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.slow
def test_64_clients_at_once_lose_nothing(running):
    server = running(queue=32)
    photos = {size: saved(picture(*size), "PNG") for size in ((40, 30), (30, 40), (64, 64), (12, 90))}
    expected = {
        size: np.asarray(server.studio.session.stylize(data, str(library.style_picture("mosaic"))))
        for size, data in photos.items()
    }
    problems = []

    def client(number):
        rng = random.Random(number)
        with httpx.Client(base_url=server.address, timeout=60) as http:
            for _ in range(2):
                size = rng.choice(list(photos))
                deadline = time.monotonic() + 60
                while (answer := http.post("/api/v1/stylize", **form(photos[size]))).status_code == 429:
                    assert answer.headers["retry-after"] and time.monotonic() < deadline
                    time.sleep(0.05)
                drawn = np.asarray(Image.open(io.BytesIO(answer.content))) if answer.is_success else answer.text
                if not np.array_equal(drawn, expected[size]):
                    problems.append((answer.status_code, size))

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        list(pool.map(client, range(64)))
    assert not problems
    assert not server.studio.board.under_way


def test_drain_finishes_what_there_is_and_takes_nothing_new(running):
    server = running()
    gate = Gate(server.studio.session.engine)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = [
            pool.submit(httpx.post, f"{server.address}api/v1/stylize", **form(PHOTO), timeout=30) for _ in range(6)
        ]
        until(lambda: len(server.studio.board.under_way) == 6)
        ending = pool.submit(server.drain, 20)
        until(lambda: server.studio.state == "stopping")
        assert httpx.post(f"{server.address}api/v1/stylize", **form(PHOTO)).status_code == 503
        assert httpx.get(f"{server.address}readyz").status_code == 503
        assert httpx.get(f"{server.address}healthz").status_code == 200
        gate.open()
        assert [each.result().status_code for each in answers] == [200] * 6 and ending.result()


@pytest.mark.slow
def test_memory_is_flat_over_1000_requests_of_mixed_sizes(running):
    server = running(hold=2_000_000)
    process, rng = psutil.Process(os.getpid()), random.Random(0)
    photos = [saved(picture(rng.randrange(20, 300), rng.randrange(20, 300)), "JPEG") for _ in range(20)]
    after = []
    with httpx.Client(base_url=server.address, timeout=60) as http:
        for number in range(1000):
            headers = {"Prefer": "respond-async"} if number % 10 == 0 else {}
            assert http.post("/api/v1/stylize", **form(photos[number % 20], headers=headers)).is_success
            if number in (199, 999):
                gc.collect()
                after.append(process.memory_info().rss)
    assert after[1] - after[0] < 10e6  # 12 kB a request
