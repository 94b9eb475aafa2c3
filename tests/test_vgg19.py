"""VGG19's weights: found, proven, fetched whole or not at all."""

import hashlib
import http.server
import socket
import threading

import pytest

from arbitrary_nst import model_zoo
from arbitrary_nst.errors import ModelError
from arbitrary_nst.model_zoo import store, vgg19

DATA = b"weights" * 1000


@pytest.fixture
def genuine(monkeypatch, tmp_path):
    """DATA counts as VGG19; no other copy of it is on this machine."""
    monkeypatch.setattr(vgg19, "MD5", hashlib.md5(DATA, usedforsecurity=False).hexdigest())
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def server(monkeypatch):
    """A loopback server in place of Keras's; ``body`` is what it sends, None an error."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            served.append(self.path)
            if served.body is None:
                self.send_error(503)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(DATA)))
            self.end_headers()
            self.wfile.write(served.body)

        def log_message(self, *_):
            pass

    class Served(list):
        body: bytes | None = DATA

    served = Served()
    http_server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http_server.serve_forever, daemon=True).start()
    monkeypatch.setattr(vgg19, "ORIGIN", f"http://127.0.0.1:{http_server.server_port}/{vgg19.NAME}")
    yield served
    http_server.shutdown()
    http_server.server_close()


def test_found_in_the_model_folder(genuine, tmp_path, monkeypatch):
    (tmp_path / "vgg19").mkdir()
    file = tmp_path / "vgg19" / "any_name.h5"
    file.write_bytes(DATA)
    assert model_zoo.resolve_vgg19(model_dir=tmp_path, offline=True) == file
    monkeypatch.setenv("ARBSTYLE_MODEL_DIR", str(tmp_path))
    assert model_zoo.resolve_vgg19(offline=True) == file


def test_changed_weights_are_refused_unless_trusted(genuine, tmp_path):
    file = tmp_path / "own.h5"
    file.write_bytes(DATA + b"!")
    with pytest.raises(ModelError, match=r"not loaded.*trust_model"):
        model_zoo.resolve_vgg19(file)
    assert model_zoo.resolve_vgg19(file, trust=True) == file
    with pytest.raises(ModelError, match="cannot be read"):
        model_zoo.resolve_vgg19(tmp_path / "none.h5", trust=True)


def test_offline_says_where_to_put_it(genuine):
    with pytest.raises(ModelError, match="ARBSTYLE_MODEL_DIR"):
        model_zoo.resolve_vgg19(offline=True)


def test_fetched_once(genuine, server, capsys):
    notes = []
    first = model_zoo.resolve_vgg19(notify=notes.append)
    assert first.read_bytes() == DATA and first.parent == store.fetched_dir() / "vgg19"
    assert model_zoo.resolve_vgg19(notify=notes.append) == first
    assert len(server) == 1 and len(notes) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("body", [b"x" * len(DATA), b"<html>log in first</html>", None])
def test_what_comes_broken_leaves_nothing(genuine, server, body):
    server.body = body
    with pytest.raises(ModelError, match=r"not here, and (arrived damaged|.*HTTP 503).*vgg_weights"):
        model_zoo.resolve_vgg19()
    assert not list((store.fetched_dir() / "vgg19").iterdir())


def test_without_a_network_one_short_line_is_told(genuine, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    monkeypatch.setattr(vgg19, "ORIGIN", f"http://127.0.0.1:{port}/{vgg19.NAME}")
    for offline, reason in ((False, "not here, and its server cannot be reached"), (True, "not here")):
        with pytest.raises(ModelError) as caught:
            model_zoo.resolve_vgg19(offline=offline)
        line = caught.value.for_terminal
        assert line.startswith(f"vgg19: {reason}. Try: ") and "--vgg-weights" in line
        assert len(line) < 125 and "http" not in line and "\n" not in line


def test_the_shared_weights_are_known_for_what_they_are(shared, genuine, tmp_path):
    restored = model_zoo.resolve_vgg19(model_dir=shared / "models", offline=True)
    assert model_zoo.identify_vgg19(restored) == "restored"
    published, other = tmp_path / "published.h5", tmp_path / "other.h5"
    published.write_bytes(DATA)
    other.write_bytes(b"")
    assert model_zoo.identify_vgg19(published) == "published"
    assert model_zoo.identify_vgg19(other) is None
