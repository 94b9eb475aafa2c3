"""The cluster's rooms without Ray: stores, listings, plans, manifests, and a worker in this very process."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from arbitrary_nst import OptionError, PhotoError, Stylizer, cli

pytest.importorskip("ray", reason="the extra cluster is not installed")
pytest.importorskip("pyarrow", reason="the extra cluster is not installed")

from clustered import alone, mask, over, photo, rows, tree, without_ray

from arbitrary_nst.cluster import blocks, parts, stores
from arbitrary_nst.cluster.destination import Destination
from arbitrary_nst.cluster.joining import room
from arbitrary_nst.cluster.known import Known
from arbitrary_nst.cluster.ledger import Ledger
from arbitrary_nst.cluster.listing import Sources, lines_in, lines_of
from arbitrary_nst.cluster.plan import Made
from arbitrary_nst.cluster.settings import ClusterOptions
from arbitrary_nst.cluster.shipped import Shipped
from arbitrary_nst.files.find import expand
from arbitrary_nst.files.given import Own
from arbitrary_nst.files.output_folder import CLUSTERS
from arbitrary_nst.files.planner import Planner
from arbitrary_nst.files.settings import Settings

TESTS = Path(__file__).parent


@pytest.fixture
def here(monkeypatch):
    without_ray(monkeypatch)


@pytest.fixture
def memory():
    """A store in memory, by fsspec."""
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    store.store.clear()
    store.pseudo_dirs[:] = [""]
    yield store
    store.store.clear()


# --- what is made


@pytest.mark.slow
def test_a_worker_draws_what_run_draws(here, tmp_path):
    """With what only the driver can read: a style, a mask and a region's picture, and the model itself."""
    for number in range(3):
        photo(tmp_path / "in" / f"{number}.jpg", number)
    style, region = photo(tmp_path / "wave.png", 8, (64, 64)), photo(tmp_path / "sand.png", 9, (64, 64))
    options = {"mask": mask(tmp_path / "mask.png"), "regions": {tmp_path / "mask.png": region}, "feather": 3}
    options["preset"] = "bold"
    results = over(tmp_path / "in", tmp_path / "out", style, **options)
    assert [result.error for result in results] == [None] * 3
    assert tree(tmp_path / "out") == alone(tmp_path / "in", tmp_path / "alone", style, **options)[0]


def test_what_is_shipped_needs_nothing_of_the_drivers_disk(tmp_path):
    session = Stylizer("mini", threads=1)
    style = photo(tmp_path / "wave.png", 8, (64, 64))
    settings = Settings(mask=mask(tmp_path / "mask.png"), regions={tmp_path / "mask.png": style})
    planner = Planner(session, [], [style], settings, several=True)
    made = [Made.of(each, planner.made_with(each), session.options) for each in planner.styles]
    destination = Destination(str(tmp_path / "out"))
    sent = pickle.dumps(Shipped.of(session, made, settings, destination, {}, session.options, 10**9))
    for path in (tmp_path / "wave.png", tmp_path / "mask.png"):
        path.unlink()
    shutil.rmtree(os.environ["ARBSTYLE_CACHE_DIR"])
    there, unpacked = pickle.loads(sent).unpack()
    assert there.model.digest == session.model.digest and there.model.folder != session.model.folder
    there.check(unpacked, [(60, 44)])


@pytest.mark.slow
def test_limit_fail_fast_and_what_exists(here, tmp_path):
    for number in range(3):
        photo(tmp_path / "in" / f"{number}.jpg", number)
    out = tmp_path / "out"
    assert len(over(tmp_path / "in", out, limit=1)) == 1
    assert [result.skipped for result in over(tmp_path / "in", out, limit=1, existing="skip")] == [True, False]
    first, *others = over(tmp_path / "in", out, fail_fast=True)
    assert "exists already" in str(first.error) and not others
    over(tmp_path / "in", out, existing="rename", limit=1)
    assert sorted(tree(out)) == ["0__mosaic.jpg", "0__mosaic_2.jpg", "1__mosaic.jpg"]
    (out / "2__mosaic.jpg").write_bytes(b"a stranger's")
    over(tmp_path / "in", out, existing="skip")
    assert (out / "2__mosaic.jpg").read_bytes() == b"a stranger's" and "2__mosaic_2.jpg" in tree(out)
    results = over(tmp_path / "in", out, existing="overwrite")
    assert not any(result.error for result in results) and tree(out)["2__mosaic.jpg"] != b"a stranger's"


@pytest.mark.slow
def test_skip_asks_for_photo_style_and_settings(here, tmp_path):
    one, out = photo(tmp_path / "in" / "a.jpg"), tmp_path / "out"

    def skips(**options):
        return [result.skipped for result in over(tmp_path / "in", out, existing="skip", **options)]

    assert skips() == [False] and skips() == [True]
    assert skips(quality=80) == [False] and skips(quality=80) == [True] and skips() == [False]
    os.utime(one, ns=(5, 5))
    assert skips(checksum=True) == [True] and skips(checksum=True) == [True] and skips() == [True]
    os.utime(one, ns=(6, 6))
    assert skips() == [False]
    photo(one, 1)
    assert skips(checksum=True) == [False]
    (out / "a__mosaic.jpg").unlink()
    assert skips(checksum=True) == [False]


def test_it_goes_on_where_run_stopped(here, tmp_path):
    for number in range(3):
        photo(tmp_path / "in" / f"{number}.jpg", number)
    list(Stylizer("mini", threads=1).stylize_many(tmp_path / "in", "mosaic", output=tmp_path / "out", limit=2))
    results = over(tmp_path / "in", tmp_path / "out", existing="skip")
    assert [result.skipped for result in results] == [True, True, False]


@pytest.mark.slow
def test_names_stay_with_their_photos(here, tmp_path):
    """Two photos of one name in a list: who comes first later has the name all the same that it had."""
    photos = [photo(tmp_path / name / "x.jpg", number) for number, name in enumerate("ab")]
    over(photos, tmp_path / "out", existing="skip")
    before = tree(tmp_path / "out")
    results = over(photos[::-1], tmp_path / "out", existing="skip")
    assert all(result.skipped for result in results) and len(results) == 2
    over(photos[1:], tmp_path / "out", existing="skip", quality=80)
    after = tree(tmp_path / "out")
    assert after["x__mosaic.jpg"] == before["x__mosaic.jpg"] and after["x__mosaic_2.jpg"] != before["x__mosaic_2.jpg"]


def test_what_is_wrong_with_all_ends_it_and_tells(here, tmp_path, monkeypatch):
    photo(tmp_path / "in" / "a.jpg")
    monkeypatch.setattr(Shipped, "unpack", lambda self: 1 / 0)
    with pytest.raises(Exception, match=r"internal error: ZeroDivisionError: division by zero \(on "):
        over(tmp_path / "in", tmp_path / "out")
    with pytest.raises(OptionError, match="no photos found"):
        over([], tmp_path / "out")
    with pytest.raises(OptionError, match="is the output folder too"):
        over(tmp_path / "in", tmp_path / "in")
    (tmp_path / "file").touch()
    with pytest.raises(OptionError, match="not a folder for photos"):
        over(tmp_path / "in", tmp_path / "file")


def test_a_disk_that_is_full_is_each_photos_fault(here, tmp_path, monkeypatch):
    photo(tmp_path / "in" / "a.jpg")
    write = Destination.write

    def full(self, relative, data, **how):
        if relative.endswith(".jpg"):
            raise PhotoError(f"{relative}: cannot be written: the disk is full")
        write(self, relative, data, **how)

    monkeypatch.setattr(Destination, "write", full)
    (result,) = over(tmp_path / "in", tmp_path / "out")
    assert "the disk is full" in str(result.error) and result.output is None
    assert [row["state"] for row in rows(tmp_path / "out")] == ["failed"]


# --- where photos are


def test_folders_are_found_as_run_finds_them(tmp_path):
    for name in ("b.jpg", "a.jpg", "z/c.png", "a__wave.jpg", ".h.jpg", "@eaDir/t.jpg", "note.txt", "z/y/d.webp"):
        path = tmp_path / "one" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    photo(tmp_path / "two" / "e.png").rename(tmp_path / "two" / "e")
    destination = Destination(str(tmp_path / "out"))
    found = Sources([str(tmp_path / "one"), str(tmp_path / "two"), str(tmp_path / "one" / "a.jpg")], lambda: (), {})
    mine = [(each.path, each.below) for each in found.find(destination, Own([]), print)]
    expected = expand([tmp_path / "one", tmp_path / "two", tmp_path / "one" / "a.jpg"], output=tmp_path / "out")
    assert mine == [(str(each.path), each.below.as_posix()) for each in expected if "__" not in each.path.name]


def test_a_store_of_fsspec_is_walked_by_the_same_rules(memory):
    for name in (
        "b.jpg",
        "a.jpg",
        "z/c.png",
        "a__wave.jpg",
        ".h.jpg",
        "@eaDir/t.jpg",
        "note.txt",
        "out/d.jpg",
        "z/e f.jpg",
    ):
        memory.pipe(f"/photos/in/{name}", b"text" if name == "note.txt" else b"\xff\xd8\xff\xe0")
    told = []
    sources = Sources(["memory://photos/in", "memory://photos/gone.jpg"], lambda: (), {})
    found = list(sources.find(Destination("memory://photos/in/out"), Own([]), told.append))
    names = {each.address: each.below for each in found}
    assert names == {
        "memory://photos/in/a.jpg": "",
        "memory://photos/in/b.jpg": "",
        "memory://photos/in/z/c.png": "z",
        "memory://photos/in/z/e f.jpg": "z",
        "memory://photos/gone.jpg": "",
    }
    assert [each.size for each in found] == [4, 4, 4, 4, -1]
    assert [line.partition(":")[0] for line in told] == ["memory", "1 folder left out, of a photo store's own"]


def test_a_store_without_whole_puts_is_written_by_moving(memory):
    destination = Destination("memory://photos/out")
    destination.write("a/b.jpg", b"one", overwrite=False)
    destination.write("a/b.jpg", b"two", overwrite=True)
    assert destination.listed() == ["a/b.jpg"] and destination.read("a/b.jpg") == b"two"
    with pytest.raises(PhotoError, match=r"memory://photos/out/c: no such file"):
        destination.read("c")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("AWS Error ACCESS_DENIED during PutObject operation: Access Denied", "access denied. Try: credentials"),
        ("When listing: AWS Error NO_SUCH_BUCKET during ListObjectsV2", "no such bucket. Try: check its name"),
        ("AWS Error NETWORK_CONNECTION during HeadObject: curlCode: 7", "does not answer. Try: check the address"),
        ("something\nelse", r"cannot be read \(something else\). Try: check the address"),
    ],
)
def test_what_a_store_says_is_one_line(said, told):
    class Closed:
        def open_input_file(self, path):
            raise OSError(said)

    with pytest.raises(PhotoError, match=f"^s3://b/x.jpg: {told}"):
        stores.Store("s3://b", Closed(), "b/").read("x.jpg")


def test_lists_are_text_or_parquet(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    (tmp_path / "list").write_bytes(b"\xef\xbb\xbfone.jpg\r\n\ns3://b/two words.jpg\n")
    assert list(lines_of(str(tmp_path / "list"))()) == ["one.jpg", "s3://b/two words.jpg"]
    assert list(lines_in(b"a\nb\0c.jpg\0", name="stdin")()) == ["a\nb", "c.jpg"]
    parquet.write_table(pa.table({"path": ["a.jpg", None, "b.jpg"]}), tmp_path / "list.parquet")
    assert list(lines_of(str(tmp_path / "list.parquet"))()) == ["a.jpg", "b.jpg"]
    parquet.write_table(pa.table({"name": ["a.jpg"]}), tmp_path / "other.parquet")
    with pytest.raises(OptionError, match="has no column called path, but name"):
        list(lines_of(str(tmp_path / "other.parquet"))())
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(OptionError, match="no Parquet that can be read"):
        list(lines_of(str(tmp_path / "torn.parquet"))())
    with pytest.raises(OptionError, match="cannot be read"):
        lines_of(str(tmp_path / "gone"))


@pytest.mark.parametrize("text", ["s3://bucket?colour=red", "ftq://host/x", "s3:///x", "s3://key:secret@bucket/x"])
def test_addresses_that_mean_nothing_are_one_line(text):
    with pytest.raises(OptionError, match=text[:5]):
        Destination(text)


def test_addresses_have_parts():
    assert stores.parsed("s3://b/a b/ü?scheme=http") == ("s3", "b", "a b/ü", "scheme=http")
    assert stores.parsed("s3://b/what?.jpg").path == "what?.jpg"
    assert not stores.is_address("file:///a%20b/c") and stores.local("file:///a%20b/c") == Path("/a b/c")
    assert not stores.is_address("C://x") and not stores.is_address("a/b://c")


# --- what is planned and known


def test_blocks_hold_about_as_many_bytes(tmp_path):
    destination = Destination(str(tmp_path))
    made = blocks.Blocks(destination, "run-0", 1)
    for number in range(40):
        row = {"root": "", "path": f"{number}.jpg", "size": 3_000_000, "output": f"{number}.png", "style": 0}
        made.add([row, {**row, "style": 1}])
    described = made.described()
    made.close()
    assert [each["bytes"] for each in described[:5]] == [6_000_000, 6_000_000, 9_000_000, 9_000_000, 18_000_000]
    assert sum(each["bytes"] for each in described) == 120_000_000 and made.pictures == 80
    read = [parts.decoded(destination.read(each["part"])).slice(each["start"], each["count"]) for each in described]
    assert [row["path"] for part in read for row in part.to_pylist()][::2] == [f"{number}.jpg" for number in range(40)]


def test_the_last_row_of_an_output_counts(tmp_path):
    destination = Destination(str(tmp_path))
    row = {"input": "/a.jpg", "output": "a.png", "state": "done", "made": "x"}
    for name, rows_there in (
        ("20260101T000000000000-b-0000000-1", [row]),
        ("20250101T000000000000-a-0000000-1", [{**row, "made": "old"}, {**row, "output": "b.png"}]),
        ("20260101T000000000000-b-0000001-1", [{**row, "output": "c.png", "state": "failed"}]),
    ):
        data = parts.encoded(parts.table(rows_there, parts.done()))
        destination.write(f"{CLUSTERS}/{name}.parquet", data, overwrite=False)
    announced = [{"root": "s3://b", "path": "k.jpg", "output": "b.png"}]
    data = parts.encoded(parts.table(announced, parts.planned()))
    destination.write(f"{parts.PLANS}/20260101T000000000000-b-00000.parquet", data, overwrite=False)
    known = Known.read(destination)
    assert known.of("a.png").made == "x" and known.of("a.png").is_whole
    assert (known.of("b.png").input, known.of("b.png").is_whole) == ("s3://b/k.jpg", False)
    assert known.of("c.png") is None and sorted(known.outputs_of("/a.jpg")) == ["a.png", "b.png"]
    destination.write(f"{CLUSTERS}/torn.parquet", b"torn", overwrite=False)
    with pytest.raises(PhotoError, match=r"torn\.parquet: no part of a manifest"):
        Known.read(destination)


def test_the_ledger_knows_what_was_begun_and_never_ended():
    ledger = Ledger()
    assert ledger.begin(7) == ({}, {})
    ledger.step(7, {}, [0])
    ledger.step(7, {0: [{"state": "done"}]}, [1, 2])
    assert ledger.begin(7) == ({0: [{"state": "done"}]}, {1: 1, 2: 1})
    ledger.step(7, {}, [1])
    assert ledger.begin(7)[1] == {1: 2, 2: 1}
    ledger.forget(8)
    ledger.forget(7)
    assert ledger.begin(7) == ({}, {})


def test_workers_take_what_the_nodes_have():
    class Ray:
        def __init__(self, *nodes):
            self._nodes = nodes

        def nodes(self):
            return [{"Alive": True, "Resources": node} for node in self._nodes]

    large, small = {"CPU": 16.0, "memory": 64e9, "GPU": 2.0}, {"CPU": 2.0, "memory": 4e9}
    found = room(Ray(large, small, {}), ClusterOptions())
    assert (found.cpus, found.workers, found.fixed) == (2, 9, False) and found.memory == int(4e9 * 0.8)
    found = room(Ray(large, small), ClusterOptions(gpus_per_worker=0.5, cpus_per_worker=1))
    assert (found.cpus, found.workers, found.memory) == (1, 4, int(4e9 * 0.8))
    assert room(Ray(large), ClusterOptions(workers=3)).fixed
    with pytest.raises(OptionError, match="no node of the cluster has 17 CPUs; the largest has 16 CPUs"):
        room(Ray(large, small), ClusterOptions(cpus_per_worker=17))
    with pytest.raises(OptionError, match="and 3 GPUs"):
        room(Ray(large, small), ClusterOptions(gpus_per_worker=3))


# --- the command


def command(*words):
    told = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    return subprocess.run([sys.executable, "-m", "arbitrary_nst", "cluster", "run", *map(str, words)],
                          capture_output=True, text=True, env=told, timeout=120)  # fmt: skip


def run_here(capsys, monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["arbstyle", "cluster", "run", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code, *capsys.readouterr()


def test_the_command_has_runs_lines_and_codes(here, tmp_path, capsys, monkeypatch):
    photo(tmp_path / "in" / "a.jpg")
    words = (tmp_path / "in", "-s", "mosaic", "-m", "mini", "-o", tmp_path / "out", "--threads", 1)
    code, out, err = run_here(capsys, monkeypatch, *words, "--dry-run", "--json")
    assert (code, json.loads(out)["planned"], err) == (0, True, "") and not (tmp_path / "out").exists()
    code, out, err = run_here(capsys, monkeypatch, *words)
    assert code == 0 and out.startswith(f"{tmp_path}/in/a.jpg -> {tmp_path}/out/a__mosaic.jpg  60x44  ")
    assert err.startswith("arbstyle: 1 done in ")
    (tmp_path / "in" / "b.jpg").write_text("no photo")
    code, out, err = run_here(capsys, monkeypatch, *words, "--existing", "skip")
    assert code == 3 and "skipped, exists already" in out
    assert "b.jpg: not a readable image" in err and "0 done" in err and "1 skipped, 1 failed" in err


def test_wrong_words_are_one_line(tmp_path, capsys, monkeypatch):
    photo(tmp_path / "in" / "a.jpg")
    words = (tmp_path / "in", "-s", "mosaic", "-m", "mini", "-o", tmp_path / "out")
    for more, said in (
        (
            ["--address", "127.0.0.1:1"],
            "127.0.0.1:1: no Ray cluster answers (Connection refused). Try: check --address",
        ),
        (
            ["--address", "ray://[::1]:1"],
            "ray://[::1]:1: no Ray cluster answers (Connection refused). Try: check --address",
        ),
        (["--address", "here"], "here: no address of a Ray cluster. Try: auto, local, HOST:6379 or ray://HOST:10001"),
        (["--in-place"], "in place: not over a cluster. Try: --output another folder"),
        (["--steps", "3"], "--steps: refinement is off. Try: --refine"),
    ):
        code, out, err = run_here(capsys, monkeypatch, *words, *more)
        assert (code, out) == (2, "") and (err == f"arbstyle: {said}\n" or more[0] == "--steps"), err
    code, _, err = run_here(capsys, monkeypatch, "-s", "mosaic", "-o", tmp_path / "out")
    assert code == 2 and err.startswith("arbstyle: no photos given")
    code, _, err = run_here(capsys, monkeypatch, "-", "-s", "mosaic", "-o", tmp_path / "out")
    assert code == 2 and err.startswith("arbstyle: -: a cluster reads")


def test_without_ray_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    import importlib.util

    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "ray" else there(name, *rest))
    said = "cluster: ray is not installed. Try: pip install 'arbitrary-nst[cluster]'"
    code, _, err = run_here(capsys, monkeypatch, "in", "-s", "mosaic", "-o", tmp_path)
    assert (code, err) == (2, f"arbstyle: {said}\n")
    from arbitrary_nst import cluster

    with pytest.raises(OptionError, match="cluster: ray is not installed"):
        _ = cluster.stylize


def test_the_docs_name_options_that_are_there():
    yaml = pytest.importorskip("yaml")
    page = (TESTS.parent / "docs" / "cluster.md").read_text(encoding="utf-8")
    (job,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    spec = yaml.safe_load(job)["spec"]
    assert spec["entrypoint"].startswith("arbstyle cluster run s3://bucket/photos -s mosaic ")
    assert spec["rayClusterSpec"]["workerGroupSpecs"][0]["template"]["spec"]["containers"][0]["envFrom"]
    given = get_command(cli.app).commands
    there = {flag for each in given["cluster"].commands["run"].params for flag in each.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page))
    assert named - there == {"--learn", "--preview", "--report"}  # which it says are not here


def test_ray_is_not_imported_before_it_is_used():
    script = "import sys, arbitrary_nst.cli, arbitrary_nst.cluster; print({'ray', 'pyarrow'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True,
                          env={**os.environ, "PYTHONPATH": str(TESTS.parent)})  # fmt: skip
    assert done.stdout == "set()\n"
