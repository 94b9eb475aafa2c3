"""Memory, CPUs and libraries' process-wide state, over made-up containers and real processes."""

import io
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.hardware import control_groups, cpus, decoding, gpus, memory, quiet_openvino
from arbitrary_nst.hardware.quiet_tensorflow import quiet
from arbitrary_nst.refinement.precision import choose_precision

ROOT = Path(__file__).resolve().parent.parent
MB = 10**6
UNLIMITED_V1 = 9223372036854771712


def group(root, path, **files):
    """A control group's folder; names with two underscores for dots."""
    folder = root / "sys/fs/cgroup" / path
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


def membership(root, *lines):
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text("\n".join(lines) + "\n")


# --- memory


def test_no_control_groups_no_limit(tmp_path):
    assert control_groups.memory_left(tmp_path) == control_groups.cpus_left(tmp_path) == float("inf")


def test_v2_page_cache_counts_as_free(tmp_path):
    membership(tmp_path, "0::/a")
    stat = f"anon {300 * MB}\ninactive_file {400 * MB}\nactive_file {100 * MB}"
    group(tmp_path, "a", memory__max=1200 * MB, memory__current=800 * MB, memory__stat=stat)
    assert control_groups.memory_left(tmp_path) == 900 * MB


def test_v2_the_parent_binds_too(tmp_path):
    membership(tmp_path, "0::/pod/a")
    group(tmp_path, "pod/a", memory__max="max", memory__current=100 * MB)
    group(tmp_path, "pod", memory__max=2000 * MB, memory__current=1500 * MB)
    assert control_groups.memory_left(tmp_path) == 500 * MB


def test_v2_what_is_throttled_is_a_limit(tmp_path):
    membership(tmp_path, "0::/a")
    group(tmp_path, "a", memory__max="max", memory__high=700 * MB, memory__current=100 * MB)
    assert control_groups.memory_left(tmp_path) == 600 * MB


@pytest.mark.parametrize("path", ["/", "/docker/0123/not/mounted/here", "/../../elsewhere"])
def test_inside_a_container_only_the_top_is_seen(tmp_path, path):
    membership(tmp_path, f"0::{path}")
    group(tmp_path, ".", memory__max=2000 * MB, memory__current=200 * MB)
    assert control_groups.memory_left(tmp_path) == 1800 * MB


def test_v1(tmp_path):
    membership(tmp_path, "5:cpu,cpuacct:/b", "4:memory:/docker/a", "0::/")
    stat = f"total_inactive_file {50 * MB}\ntotal_active_file 0\ninactive_file 0\nactive_file 0"
    group(
        tmp_path,
        "memory/docker/a",
        memory__limit_in_bytes=1000 * MB,
        memory__usage_in_bytes=250 * MB,
        memory__stat=stat,
    )
    group(tmp_path, "memory", memory__limit_in_bytes=UNLIMITED_V1, memory__usage_in_bytes=9000 * MB)
    assert control_groups.memory_left(tmp_path) == 800 * MB


def test_more_used_than_allowed_is_nothing_left(tmp_path):
    membership(tmp_path, "0::/a")
    group(tmp_path, "a", memory__max=100 * MB, memory__current=200 * MB)
    assert memory.available_memory(tmp_path) == 0


def test_the_host_counts_where_it_has_less(tmp_path, monkeypatch):
    membership(tmp_path, "0::/a")
    group(tmp_path, "a", memory__max=10**15, memory__current=0)
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Free", (), {"available": 123}))
    assert memory.available_memory(tmp_path) == 123


@pytest.mark.parametrize(("available", "left"), [(300, 300 * 1024), (3000, 123), (None, 123)])
def test_linux_says_what_the_machine_has(tmp_path, monkeypatch, available, left):
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Free", (), {"available": 123}))
    (tmp_path / "proc").mkdir()
    told = "" if available is None else f"MemAvailable: {available} kB\n"
    (tmp_path / "proc/meminfo").write_text(f"MemTotal:   2000 kB\n{told}HugePages_Total:  0\n")
    assert memory.available_memory(tmp_path) == left


@pytest.mark.skipif(sys.platform == "win32", reason="no ulimit")
def test_ulimit_counts():
    code = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (3 * 10**9, 3 * 10**9))
from arbitrary_nst.hardware.memory import available_memory
print(available_memory())
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment())
    assert 10**9 < int(ran.stdout) < 3 * 10**9


# --- CPUs


@pytest.mark.parametrize(("quota", "usable"), [("50000 100000", 0.5), ("150000 100000", 1.5), ("max 100000", None)])
def test_v2_quota(tmp_path, quota, usable):
    membership(tmp_path, "0::/a")
    group(tmp_path, "a", cpu__max=quota)
    assert control_groups.cpus_left(tmp_path) == (usable or float("inf"))


@pytest.mark.parametrize(("quota", "usable"), [(200000, 2.0), (-1, float("inf"))])
def test_v1_quota(tmp_path, quota, usable):
    membership(tmp_path, "5:cpu,cpuacct:/b")
    group(tmp_path, "cpu,cpuacct/b", cpu__cfs_quota_us=quota, cpu__cfs_period_us=100000)
    assert control_groups.cpus_left(tmp_path) == usable


def test_usable_cpus_are_at_least_one_and_whole(tmp_path, monkeypatch):
    membership(tmp_path, "0::/a")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    for quota, usable in (("10000 100000", 1), ("150000 100000", 2), ("max 100000", 8)):
        group(tmp_path, "a", cpu__max=quota)
        assert cpus.usable_cpus(tmp_path) == usable


def test_threads_as_asked_then_by_variable_then_by_quota(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(cpus, "usable_cpus", lambda: 8)
    assert (cpus.thread_limit(), cpus.threads()) == (None, 8)
    monkeypatch.setattr(cpus, "usable_cpus", lambda: 3)
    assert cpus.thread_limit() == cpus.threads() == 3
    monkeypatch.setenv("ARBSTYLE_THREADS", "2")
    assert cpus.thread_limit() == 2
    assert cpus.thread_limit(5) == 5


@pytest.mark.parametrize("wrong", ["many", "0", "1.5"])
def test_threads_that_make_no_sense(monkeypatch, wrong):
    monkeypatch.setenv("ARBSTYLE_THREADS", wrong)
    with pytest.raises(OptionError):
        cpus.thread_limit()


# --- decoding


def encoded(size, kind="JPEG"):
    buffer = io.BytesIO()
    Image.new("RGB", size, (9, 99, 199)).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(("kind", "per_pixel"), [("JPEG", 30), ("PNG", 30), ("WEBP", 38), ("AVIF", 38)])
def test_decoding_memory_is_by_the_header(kind, per_pixel):
    assert decoding.decoding_memory(encoded((100, 50), kind)) == (100 * 50 * per_pixel, 100, 50)


def test_what_is_too_much_to_decode_is_refused_before(monkeypatch):
    data = encoded((100, 50))
    decoding.check_decoding(data, name="a.jpg", max_pixels=10**6, max_memory=150_000)
    with pytest.raises(
        PhotoError, match=r"^a.jpg: decoding 100x50 takes about .* Try: a smaller copy, or more max_mem"
    ):
        decoding.check_decoding(data, name="a.jpg", max_pixels=10**6, max_memory=149_999)
    monkeypatch.setattr(decoding, "available_memory", lambda: 199_999)
    with pytest.raises(PhotoError, match="decoding"):
        decoding.check_decoding(data, name="a.jpg", max_pixels=10**6, max_memory=None)


def test_pixels_and_damage_are_the_decoders_to_tell():
    decoding.check_decoding(encoded((100, 50)), name="a.jpg", max_pixels=10, max_memory=1)
    decoding.check_decoding(b"no photo", name="a.jpg", max_pixels=10, max_memory=1)


def test_a_stylizer_refuses_it_wherever_it_reads(tmp_path):
    from fakes import fake_stylizer

    (tmp_path / "a.jpg").write_bytes(encoded((300, 200)))
    for source in (tmp_path / "a.jpg", (tmp_path / "a.jpg").read_bytes()):
        with pytest.raises(PhotoError, match="decoding 300x200"):
            fake_stylizer(max_memory=10**6).read(source)
    results = list(fake_stylizer(max_memory=10**6).stylize_many(tmp_path, style(), output=tmp_path / "out"))
    assert "decoding 300x200" in str(results[0].error)


def style():
    from fakes import fake_stylizer

    return fake_stylizer().style(Image.new("RGB", (40, 40), (255, 0, 0)))


# --- the process's own state


def environment(**more):
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def test_stderr_is_back_after_silences_that_overlap():
    """The second begins within the first and ends after it: what it found was not stderr."""
    before, first, second = os.fstat(2), quiet(), quiet()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    nowhere = os.fstat(2)
    second.__exit__(None, None, None)
    assert (nowhere.st_dev, nowhere.st_ino) == (os.stat(os.devnull).st_dev, os.stat(os.devnull).st_ino)
    assert (before.st_dev, before.st_ino) == (os.fstat(2).st_dev, os.fstat(2).st_ino)


def test_silences_leave_stderr_and_the_environment_as_they_were(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    before, surroundings = os.fstat(2), dict(os.environ)

    def often():
        for _ in range(50):
            with quiet():
                time.sleep(0)

    threads = [threading.Thread(target=often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (before.st_dev, before.st_ino) == (os.fstat(2).st_dev, os.fstat(2).st_ino)
    assert dict(os.environ) == surroundings


def test_importing_us_forks_nothing_and_leaves_logging_alone():
    code = """
import logging, os, sys, threading
def refuse(event, arguments):
    assert event not in ("os.fork", "os.forkpty", "subprocess.Popen", "os.posix_spawn", "os.system"), event
sys.addaudithook(refuse)
import arbitrary_nst.stylizer, arbitrary_nst.files.stream, arbitrary_nst.cli
from arbitrary_nst.engines.openvino import engine
assert logging.getLogger().handlers == []
assert threading.active_count() == 1
"""
    subprocess.run([sys.executable, "-c", code], check=True, env=environment())


# --- GPUs


def test_that_tensorflow_sees_no_gpu_is_asked_once(monkeypatch):
    asked = []
    monkeypatch.setattr("arbitrary_nst.hardware.gpus.gpu_names", lambda: asked.append(1) or [])
    assert gpus.tensorflow_gpus() == gpus.tensorflow_gpus() == [] and len(asked) == 1
    assert gpus.tensorflow_gpus(ask=True) == [] and len(asked) == 2
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    gpus.tensorflow_gpus()
    assert len(asked) == 3
    monkeypatch.setattr("arbitrary_nst.hardware.gpus.gpu_names", lambda: ["GPU:0"])
    assert gpus.tensorflow_gpus(ask=True) == gpus.tensorflow_gpus() == ["GPU:0"]


def test_an_answer_is_believed_for_a_day(monkeypatch):
    asked = []
    monkeypatch.setattr("arbitrary_nst.hardware.gpus.gpu_names", lambda: asked.append(1) or [])
    gpus.tensorflow_gpus()
    now = time.time()
    monkeypatch.setattr(gpus.time, "time", lambda: now + gpus.REMEMBER_S + 60)
    gpus.tensorflow_gpus()
    assert len(asked) == 2


# --- the precision of a refinement


def fake_backend(monkeypatch, name, told):
    """Keras on a backend whose device is as told, None a CPU; no other backend can be imported."""
    details = SimpleNamespace(get_device_details=lambda gpu: {"compute_capability": told} if told else {})
    seen = ["GPU:0"] * (told is not None)
    capability = ".".join(map(str, told or ()))
    fakes = {
        "tensorflow": SimpleNamespace(
            config=SimpleNamespace(get_visible_devices=lambda kind: seen, experimental=details),
            get_logger=lambda: logging.getLogger("fake"),
        ),
        "torch": SimpleNamespace(
            cuda=SimpleNamespace(
                is_available=lambda: told is not None,
                get_device_capability=lambda: told or None,
            )
        ),
        "jax": SimpleNamespace(
            devices=lambda: [
                SimpleNamespace(platform="gpu" if told is not None else "cpu", compute_capability=capability)
            ]
        ),
    }
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(backend=SimpleNamespace(backend=lambda: name)))
    for other, fake in fakes.items():
        monkeypatch.setitem(sys.modules, other, fake if other == name else None)
    monkeypatch.setattr("arbitrary_nst.refinement.precision.has_gpu_driver", lambda: True)
    monkeypatch.setattr("arbitrary_nst.refinement.precision.faster_precision", lambda core: "the CPU's")


@pytest.mark.parametrize("backend", ["tensorflow", "torch", "jax"])
@pytest.mark.parametrize(
    ("told", "precision"),
    [
        ((6, 1), "f32"),
        ((7, 5), "f16"),
        ((8, 0), "bf16"),
        ((9, 0), "bf16"),
        ((12, 0), "bf16"),
        (None, "the CPU's"),
        ((), "f32"),
    ],
)
def test_refinement_asks_the_gpu_what_it_is_faster_in(backend, told, precision, monkeypatch):
    fake_backend(monkeypatch, backend, told)
    assert choose_precision("auto") == precision
    assert choose_precision("f32") == "f32" and choose_precision("bf16") == "bf16"


@pytest.mark.parametrize("backend", ["openvino", "numpy"])
def test_a_backend_that_cannot_say_refines_in_f32(backend, monkeypatch):
    fake_backend(monkeypatch, backend, (9, 0))
    assert choose_precision("auto") == "f32"


def test_without_a_driver_no_backend_is_asked(monkeypatch):
    fake_backend(monkeypatch, "none", (9, 0))
    monkeypatch.setattr("arbitrary_nst.refinement.precision.has_gpu_driver", lambda: False)
    assert choose_precision("auto") == "the CPU's"


def test_another_thread_may_import_while_openvino_is(monkeypatch):
    """Seen at a first start, when the model is loaded beside the command's other imports."""

    class Growing(dict):
        def items(self):
            for pair in super().items():
                self[f"imported_{len(self)}"] = None
                yield pair

    modules = Growing({"telemetry": 1, "telemetry.part": 2, "other": 3})
    monkeypatch.setattr(quiet_openvino, "sys", SimpleNamespace(modules=modules))
    with quiet_openvino._missing("telemetry"):
        assert dict(modules) == {"telemetry": None, "other": 3}
    assert dict(modules) == {"telemetry": 1, "telemetry.part": 2, "other": 3}
