"""VGG19's weights: found, proven, fetched whole or not at all, and loaded as they were proven."""

import hashlib
import http.server
import io
import os
import socket
import threading

import h5py
import numpy as np
import pytest

from arbitrary_nst import model_zoo
from arbitrary_nst.errors import ModelError
from arbitrary_nst.model_zoo import store, vgg19
from arbitrary_nst.refinement import losses
from arbitrary_nst.refinement.recipes import VGG_LAYERS

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
    assert model_zoo.resolve_vgg19(model_dir=tmp_path, offline=True).path == file
    monkeypatch.setenv("ARBSTYLE_MODEL_DIR", str(tmp_path))
    assert model_zoo.resolve_vgg19(offline=True).path == file


def test_a_model_folder_that_is_closed_holds_no_weights(tmp_path, monkeypatch):
    def closed(path, *_):
        raise PermissionError(path)

    (tmp_path / "vgg19").mkdir()
    monkeypatch.setattr("os.scandir", closed)
    monkeypatch.setattr("os.listdir", closed)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert vgg19.find_vgg19(tmp_path) is None


def test_changed_weights_are_refused_unless_trusted(genuine, tmp_path):
    file = tmp_path / "own.h5"
    file.write_bytes(DATA + b"!")
    with pytest.raises(ModelError, match=r"not loaded.*trust_model"):
        model_zoo.resolve_vgg19(file)
    assert model_zoo.resolve_vgg19(file, trust=True).path == file
    with pytest.raises(ModelError, match="cannot be read"):
        model_zoo.resolve_vgg19(tmp_path / "none.h5", trust=True)


def test_the_bytes_that_were_checked_are_the_bytes_that_are_used(genuine, tmp_path):
    file = tmp_path / "vgg.h5"
    file.write_bytes(DATA)
    checked = model_zoo.resolve_vgg19(file)
    assert checked.read().read() == DATA
    file.write_bytes(DATA[:-1] + b"!")
    with pytest.raises(ModelError, match="changed since it was checked"):
        losses.read_vgg19(checked)


def test_another_file_with_the_published_md5_is_refused(genuine, tmp_path, monkeypatch):
    """MD5 can be made to agree: the SHA-256 of the first file proven here is remembered."""
    first, second = tmp_path / "first.h5", tmp_path / "second.h5"
    first.write_bytes(DATA)
    second.write_bytes(DATA + b"!")
    for _ in range(2):
        model_zoo.resolve_vgg19(first)
    monkeypatch.setattr(vgg19, "MD5", hashlib.md5(DATA + b"!", usedforsecurity=False).hexdigest())
    with pytest.raises(ModelError, match=r"second.h5.*proven here before"):
        model_zoo.resolve_vgg19(second)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs")
def test_a_fifo_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "vgg.h5")
    with pytest.raises(ModelError, match="not a regular file"):
        model_zoo.resolve_vgg19(tmp_path / "vgg.h5", trust=True)


def layout(**first):
    """VGG19's layout without numbers of its own; ``first`` are the arguments of the first kernel's dataset."""
    data, before = io.BytesIO(), 3
    with h5py.File(data, "w") as file:
        file.attrs["layer_names"] = list(VGG_LAYERS)
        for name, after in VGG_LAYERS.items():
            layer = file.create_group(name)
            layer.attrs["weight_names"] = ["kernel", "bias"]
            shape = {"shape": (3, 3, before, after), "dtype": "f4"}
            layer.create_dataset("kernel", **(shape | (first if before == 3 else {})))
            layer.create_dataset("bias", (after,), "f4")
            before = after
    return data.getvalue()


@pytest.mark.parametrize("fault", ["none", "no HDF5", "no layers", "another shape", "numbers elsewhere"])
def test_only_vgg19s_layout_is_read(fault, tmp_path):
    np.full((3, 3, 3, 64), 7, "f4").tofile(tmp_path / "elsewhere")
    data = {
        "none": layout,
        "no HDF5": lambda: DATA,
        "no layers": empty,
        "another shape": lambda: layout(shape=(3, 3, 3, 65)),
        "numbers elsewhere": lambda: layout(external=[(str(tmp_path / "elsewhere"), 0, h5py.h5f.UNLIMITED)]),
    }[fault]()
    (tmp_path / "own.h5").write_bytes(data)
    checked = model_zoo.resolve_vgg19(tmp_path / "own.h5", trust=True)
    if fault == "none":
        assert list(losses.read_vgg19(checked)) == list(VGG_LAYERS)
    else:
        with pytest.raises(ModelError, match=r"own.h5: not VGG19's weights in Keras's layout.*vgg_weights"):
            losses.read_vgg19(checked)


def empty():
    data = io.BytesIO()
    h5py.File(data, "w").close()
    return data.getvalue()


def test_offline_says_where_to_put_it(genuine):
    with pytest.raises(ModelError, match="ARBSTYLE_MODEL_DIR"):
        model_zoo.resolve_vgg19(offline=True)


def test_fetched_once(genuine, server, capsys):
    notes = []
    first = model_zoo.resolve_vgg19(notify=notes.append)
    assert first.path.read_bytes() == DATA and first.path.parent == store.fetched_dir() / "vgg19"
    assert model_zoo.resolve_vgg19(notify=notes.append) == first
    assert len(server) == 1 and len(notes) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.slow
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
    assert model_zoo.identify_vgg19(restored.path) == "restored"
    published, other = tmp_path / "published.h5", tmp_path / "other.h5"
    published.write_bytes(DATA)
    other.write_bytes(b"")
    assert model_zoo.identify_vgg19(published) == "published"
    assert model_zoo.identify_vgg19(other) is None
