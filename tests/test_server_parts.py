"""Parts of the server by themselves: the shelf, the fair queue, room in memory, names."""

import threading

import pytest

from arbitrary_nst.errors import EngineError, EngineMemoryError, ModelError, OptionError, PhotoError
from arbitrary_nst.server.fair import FairQueue, Full
from arbitrary_nst.server.job_endpoints import unique
from arbitrary_nst.server.lanes import Room
from arbitrary_nst.server.problems import KINDS, Refused, for_owner, kind_of, problem
from arbitrary_nst.server.shelf import Shelf
from arbitrary_nst.server.uploads import safe_name

OWNER = "(whoever runs the server)"


def test_a_shelf_keeps_what_was_used_last_within_its_bytes():
    shelf = Shelf(100, 30)
    for name in "abc":
        shelf.put(name, name, 10)
    assert shelf.get("a") == "a" and shelf.bytes == 30
    shelf.put("d", "d", 10)
    assert shelf.get("b") is None and shelf.things() == ["c", "a", "d"]
    shelf.put("huge", "huge", 1000)  # the newest stays, whatever it takes
    assert shelf.things() == ["huge"] and shelf.pop("huge") == "huge" and shelf.bytes == 0


def test_a_shelf_keeps_for_its_time_from_the_last_use():
    now = [0.0]
    shelf = Shelf(10, 100, clock=lambda: now[0])
    shelf.put("a", "a", 1)
    shelf.put("b", "b", 1)
    now[0] = 6
    assert shelf.get("a") == "a" and shelf.left("a") == 10 and shelf.left("b") == 4
    now[0] = 11
    assert shelf.get("b") is None and len(shelf) == 1
    now[0] = 17
    assert len(shelf) == 0 and shelf.bytes == 0


def test_each_client_has_its_turn():
    queue = FairQueue(6)
    for item in ("a1", "a2", "a3", "b1", "b2", "c1"):
        queue.put(item[0], item)
    with pytest.raises(Full):
        queue.put("d", "d1")
    assert [queue.place(item) for item in ("a1", "b1", "a2")] == [0, 1, 3] and queue.place("z") is None
    assert queue.remove("b1") and not queue.remove("b1")
    assert [queue.get() for _ in range(5)] == ["a1", "b2", "c1", "a2", "a3"] and len(queue) == 0
    queue.close()
    assert queue.get() is None
    with pytest.raises(Full):
        queue.put("a", "late")


def test_room_is_for_one_always_and_for_a_large_one_in_its_turn():
    room, taken = Room(10), []
    room.take(8)

    def take(pixels):
        room.take(pixels)
        taken.append(pixels)

    large = threading.Thread(target=take, args=(50,))
    large.start()
    while not room._turn.locked():
        pass
    small = threading.Thread(target=take, args=(1,))
    small.start()
    assert taken == []
    room.give(8)
    large.join(5)
    assert taken == [50]
    room.give(50)
    small.join(5)
    assert taken == [50, 1]


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("photo.jpg", "photo.jpg"), ("../../etc/passwd", "passwd"), ("C:\\dir\\a.png", "a.png"), ("/", "file"),
        ("..", "file"), ("", "file"), (None, "file"), (".htaccess", "htaccess"), ("a\0b\n.jpg", "ab.jpg"),
        ('a<b>:"c"|?*.jpg', "a-b---c----.jpg"), ("x" * 300 + ".jpeg", "x" * 95 + ".jpeg"),
        ("ümläut 日本.png", "ümläut 日本.png"),
        ("\u202egnp.exe", "gnp.exe"),
    ],
)  # fmt: skip
def test_names_lead_nowhere(given, safe):
    assert safe_name(given) == safe and len(safe_name(given)) <= 100


def test_names_in_a_zip_differ_on_every_file_system():
    taken = set()
    assert [unique(name, taken) for name in ("a.jpg", "A.JPG", "a.jpg", "a-2.jpg")] == [
        "a.jpg", "A-2.JPG", "a-3.jpg", "a-2-2.jpg"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("exc", "status"),
    [
        (OptionError("a"), 400), (PhotoError("a"), 422), (ModelError("a"), 503), (EngineMemoryError("a"), 507),
        (MemoryError(), 507), (RuntimeError("secret"), 500), (Refused("busy", "a"), 429),
    ],
)  # fmt: skip
def test_errors_are_problems(exc, status):
    told = problem(exc)
    assert told["status"] == status == KINDS[kind_of(exc)][0] and "secret" not in str(told)
    assert told["type"] == f"urn:arbstyle:problem:{told['kind']}"


@pytest.mark.parametrize(
    ("exc", "hint"),
    [
        (OptionError("x", "another {max_size}, or {colors=photo}"), "another max_size, or colors=photo"),
        (PhotoError("x", "a smaller copy, or more {max_memory}"), f"a smaller copy, or {OWNER} more --max-memory"),
        (PhotoError("x", "pip install 'arbitrary-nst[heic]'"), f"{OWNER} pip install 'arbitrary-nst[heic]'"),
        (ModelError("x", "without {offline}, or {vgg_weights}, or a copy in MODELS"),
         f"{OWNER} without --offline, or a copy in MODELS"),
        (EngineError("x", "{precision=f32}"), f"{OWNER} --precision f32"),
        (EngineMemoryError("x", "{max_size}, or more {max_memory}"), f"max_size, or {OWNER} more --max-memory"),
        (Refused("misdirected", "x", "its address, or {allow_host}"), f"its address, or {OWNER} --allow-host"),
        (ModelError("x", "{vgg_weights}"), None),
        (ModelError("x"), None),
    ],
)  # fmt: skip
def test_hints_name_fields_and_what_only_the_servers_owner_can_do_is_told_as_such(exc, hint):
    assert problem(exc).get("hint") == hint


def test_whoever_runs_the_server_is_told_with_paths_and_its_own_flags():
    told = for_owner(ModelError("/srv/vgg19.h5: not here", "without {offline}, or {vgg_weights}, or a copy"))
    assert told == "/srv/vgg19.h5: not here. Try: without --offline, or a copy"
    assert for_owner(ModelError("x", "{vgg_weights}")) == "x"


def test_where_things_lie_on_the_server_is_not_told():
    told = problem(ModelError("/home/ann lee/.cache/nst/vgg19.h5: changed", "a copy in /srv/models/vgg19, again"))
    assert (told["detail"], told["hint"]) == ("vgg19.h5: changed", f"{OWNER} a copy in vgg19, again")
    hint = "/api/v1/openapi.json"
    assert problem(Refused("unknown", "GET /api/v1/x: no such thing", hint))["hint"] == hint
