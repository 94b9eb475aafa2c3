"""Photos over a Ray cluster of this machine: the same pictures as `run`, whatever dies."""

import collections
import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from arbitrary_nst import PhotoError

pytest.importorskip("ray", reason="the extra cluster is not installed")
pytest.importorskip("pyarrow", reason="the extra cluster is not installed")

from clustered import MINI, ONE_CPU, alone, over, photo, rows, tree

from arbitrary_nst.cluster import blocks, stylize
from arbitrary_nst.cluster.joining import QUIET, import_ray
from arbitrary_nst.cluster.settings import ClusterOptions

# Ray's own: processes, sockets and files that it leaves to the collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
]
TESTS = Path(__file__).parent
IN_FLIGHT = 10  # photos of one worker: fetched, decoded, drawn, and waiting to be written


@pytest.fixture(scope="module")
def s3():
    """A server that speaks as S3 does; its address."""
    moto = pytest.importorskip("moto.server", reason="needs moto's server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("ray") / "drawn"


@pytest.fixture(scope="module")
def cluster(log, tmp_path_factory):
    """One Ray for the module, of two CPUs."""
    with pytest.MonkeyPatch.context() as patch:
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
        for name, value in {**QUIET, **keys}.items():
            patch.setenv(name, value)
        ray = import_ray()
        patch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS.parent), str(TESTS)]))
        patch.setenv("ARBSTYLE_TEST_LOG", str(log))
        patch.setenv("ARBSTYLE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        ray.init(
            num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=60, object_store_memory=100_000_000,
            runtime_env={"worker_process_setup_hook": "cluster_faults.install"}, _node_ip_address="127.0.0.1",
        )  # fmt: skip
        yield ray
        ray.shutdown()
        gc.collect()  # what Ray leaves to the collector, here and not in another test


@pytest.mark.slow
def test_pictures_are_those_of_run_bit_for_bit_and_faults_are_rows(cluster, tmp_path, monkeypatch):
    """Several styles, folders mirrored, names that clash, a file under another suffix, results, no photos."""
    monkeypatch.setattr(blocks, "MOST_PHOTOS", 2)
    folder = tmp_path / "in"
    for number, name in enumerate(("a.jpg", "a.png", "A.jpg", "day/a.jpg", "day/b.webp", "day/2/really_png.jpg")):
        photo(folder / name, number, mode="RGBA" if name == "a.png" else "RGB")
    photo(folder / "a__mosaic.jpg")
    photo(folder / ".hidden.jpg")
    (folder / "empty.jpg").touch()
    whole = photo(folder / "torn.jpg").read_bytes()
    (folder / "torn.jpg").write_bytes(whole[: len(whole) // 2])
    style = photo(tmp_path / "wave.png", 9, (64, 64))
    options = {"format": "png", "strength": 0.8, "colors": "photo"}
    given = [folder, tmp_path / "gone.jpg"]
    expected, told = alone(given, tmp_path / "alone", ["mosaic", style], **options)
    assert len(expected) == 12 and len(told) == 3

    results = over(given, tmp_path / "out", ["mosaic", style], **options)
    assert tree(tmp_path / "out") == expected
    assert {result.input: str(result.error) for result in results if result.error} == told
    made = [result for result in results if result.error is None]
    assert {Path(result.output).relative_to(tmp_path / "out").as_posix() for result in made} == set(expected)
    assert {(result.model, result.engine, result.width) for result in made} == {("mini", "openvino", 60)}
    kept = rows(tmp_path / "out")
    assert collections.Counter(row["state"] for row in kept) == {"done": 12, "failed": 6}
    assert {row["kind"] for row in kept if row["input"].endswith("gone.jpg")} == {"PhotoError"}
    (torn, _) = [row for row in kept if row["input"].endswith("torn.jpg")]
    assert torn["kind"] == "PhotoError" and "truncated" in torn["message"]


@pytest.mark.slow
def test_what_was_left_in_mid_run_is_gone_on_with(cluster, log, tmp_path, monkeypatch):
    """The first run is abandoned after its first block, one more picture is half there, and none is drawn twice."""
    monkeypatch.setattr(blocks, "MOST_PHOTOS", 2)
    folder, out = tmp_path / "in", tmp_path / "out"
    for number in range(6):
        photo(folder / f"slow{number}.jpg", number)
    first = stylize(folder, "mosaic", out, cluster=ONE_CPU, model=MINI, existing="skip")
    done = [next(first), next(first)]
    first.close()
    known = {row["input"] for row in rows(out)}
    assert {result.input for result in done} <= known and len(known) < 6
    (out / "slow5__mosaic.jpg").write_bytes(b"half")  # announced as this photo's, and never finished
    log.unlink()
    results = over(folder, out, existing="skip")
    assert {result.input for result in results if result.skipped} == known
    assert not {Path(path).name for path in known} & set(log.read_text().split())
    assert tree(out) == alone(folder, tmp_path / "alone")[0]


@pytest.mark.slow
def test_a_photo_that_kills_its_worker_twice_is_left_out(cluster, log, tmp_path):
    folder = tmp_path / "in"
    for number, name in enumerate(("a.jpg", "b_killer.jpg", "c.jpg", "d.jpg")):
        photo(folder / name, number)
    log.unlink(missing_ok=True)
    results = over(folder, tmp_path / "out")
    (failed,) = [result for result in results if result.error]
    assert failed.error.what == f"{folder}/b_killer.jpg: 2 workers died while they had it in hand; left out"
    times = collections.Counter(log.read_text().split())
    assert times["b_killer.jpg"] == 2 and max(times[name] for name in ("a.jpg", "c.jpg", "d.jpg")) <= 2
    (folder / "b_killer.jpg").unlink()
    assert tree(tmp_path / "out") == alone(folder, tmp_path / "alone")[0]


@pytest.mark.slow
def test_stores_are_read_and_written(cluster, s3, tmp_path):
    """Folders of a store mirrored into it, an address with spaces, and what cannot be had."""
    from pyarrow import fs

    store = fs.S3FileSystem(endpoint_override=s3, scheme="http", allow_bucket_creation=True)
    for bucket in ("photos", "styled"):
        store.create_dir(bucket)
    for number, name in enumerate(("a.jpg", "day one/ü b.jpg", "day one/.hidden.jpg")):
        data = photo(tmp_path / "in" / name, number).read_bytes()
        with store.open_output_stream(f"photos/in/{name}") as stream:
            stream.write(data)
    expected, _ = alone(tmp_path / "in", tmp_path / "alone")
    query = f"?endpoint_override={s3}&scheme=http"
    source, output = f"s3://photos/in{query}", f"s3://styled/out{query}"
    with pytest.raises(PhotoError, match=r"^s3://nowhere/in: no such bucket. Try: check its name$"):
        over(f"s3://nowhere/in{query}", output)
    with pytest.raises(PhotoError, match=r"^s3://nowhere/out.*: no such bucket. Try: check its name$"):
        over(source, f"s3://nowhere/out{query}", existing="skip")

    results = over(source, output)
    assert [result.error for result in results] == [None, None]
    assert {result.input for result in results} == {"s3://photos/in/a.jpg", "s3://photos/in/day one/ü b.jpg"}
    for result in results:
        path = result.output.removeprefix("s3://")
        assert store.open_input_file(path).read() == expected[path.removeprefix("styled/out/")]
    again = over(source, output, existing="skip")
    assert len(again) == 2 and all(result.skipped for result in again)
    refused = {str(result.error) for result in over(source, output)}
    assert "s3://photos/in/a.jpg: s3://styled/out/a__mosaic.jpg: exists already" in {
        each.partition(". Try")[0] for each in refused
    }


@pytest.mark.slow
def test_a_node_that_dies_costs_what_it_had_in_hand(log, tmp_path, monkeypatch):
    """Two nodes, simulated on this machine, one killed in mid-run: each picture is there once, and the same."""
    from ray.cluster_utils import Cluster

    ray = import_ray()
    if ray.is_initialized():
        ray.shutdown()
    monkeypatch.setattr(blocks, "MOST_PHOTOS", 8)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS.parent), str(TESTS)]))
    monkeypatch.setenv("ARBSTYLE_TEST_LOG", str(log))
    folder, out = tmp_path / "in", tmp_path / "out"
    for number in range(48):
        photo(folder / f"slow{number}.jpg", number)
    log.unlink(missing_ok=True)
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        doomed, _ = (nodes.add_node(num_cpus=1) for _ in range(2))
        ray.init(
            nodes.address, log_to_driver=False, logging_level=60,
            runtime_env={"worker_process_setup_hook": "cluster_faults.install"},
        )  # fmt: skip
        two = ClusterOptions(cpus_per_worker=1, workers=2)
        results = []
        for result in stylize(folder, "mosaic", out, cluster=two, model=MINI):
            results.append(result)
            if len(results) == 10:
                nodes.remove_node(doomed, allow_graceful=False)
    finally:
        ray.shutdown()
        nodes.shutdown()
    assert not [result.error for result in results if result.error]
    assert len({result.input for result in results}) == len(results) == 48
    twice = [name for name, times in collections.Counter(log.read_text().split()).items() if times > 1]
    assert len(twice) <= IN_FLIGHT
    there = tree(out)
    halves = [name for name in there if name.startswith(".arbstyle-")]  # of the node that died; later runs remove them
    assert len(halves) <= IN_FLIGHT
    assert {name: data for name, data in there.items() if name not in halves} == alone(folder, tmp_path / "alone")[0]


def begun(out, said, *words):
    """The command with a Ray of its own, once it has made one more picture; ``said`` takes its stderr.

    No pipe: processes of a Ray that was killed keep it open for a while.
    """
    there, told = len(tree(out)), {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    with open(said, "w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "arbitrary_nst", "cluster", "run", *map(str, words), "--address", "local"],
            stdout=subprocess.DEVNULL, stderr=stderr, env=told,
        )  # fmt: skip
    deadline = time.monotonic() + 180
    while len(tree(out)) == there and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


@pytest.mark.slow
def test_a_signal_leaves_what_is_whole_and_the_same_again_goes_on(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    out.mkdir()
    for number in range(30):
        photo(folder / f"{number}.jpg", number, (900, 600))
    words = (folder, "-s", "mosaic", "-m", "mini", "-o", out, "--existing", "skip", "--cpus-per-worker", 1)
    said = tmp_path / "said"
    process = begun(out, said, *words)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert said.read_text().endswith("interrupted; what is written is whole, and --existing skip goes on\n")
    expected, _ = alone(folder, tmp_path / "alone")
    there = tree(out)
    assert 0 < len(there) < 30 and all(expected[name] == data for name, data in there.items())
    process = begun(out, said, *words)
    process.kill()
    process.wait()
    process = begun(out, said, *words)
    assert process.wait(300) == 0, said.read_text()
    assert tree(out) == expected
