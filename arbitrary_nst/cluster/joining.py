"""Ray, joined quietly: a cluster that is there, or one for this run alone; and what of it each worker takes."""

import contextlib
import importlib.util
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from arbitrary_nst.cluster.settings import ClusterOptions
from arbitrary_nst.errors import OptionError
from arbitrary_nst.hardware import cpus
from arbitrary_nst.hardware.quiet_tensorflow import stderr_away

ANSWERS_S = 5.0  # how long an address may take to answer
SHARE = 0.8  # of a node's memory that workers may take between them; Ray kills processes at 95 %
MOST_CPUS = 4  # of a worker by default: more threads draw one photo little faster
STORE_BYTES = 512_000_000  # of a cluster of our own: rows, a model and styles
# Ray's own switches, read when it is imported or starts processes.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
}


@dataclass(frozen=True)
class Room:
    """What each worker gets of the cluster: CPUs, GPUs, bytes of memory, and how many workers there may be."""

    workers: int
    cpus: int
    gpus: float
    memory: int
    fixed: bool  # as many as were asked for, where Ray else adds them as there is work


def import_ray() -> Any:
    """Ray, told to be quiet first. Raises OptionError where the extra is not installed."""
    refuse_missing()
    if "ray" not in sys.modules:
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
    import ray
    import ray.data

    return ray


@contextlib.contextmanager
def _handlers_kept() -> Iterator[None]:
    """Signals go to whom they went before, whatever a library put in place: Ray's exits with another code."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


def refuse_missing() -> None:
    """Raise OptionError where the extra is not installed."""
    for name in ("ray", "pyarrow", "pandas"):
        if importlib.util.find_spec(name) is None:
            raise OptionError(f"cluster: {name} is not installed", "pip install 'arbitrary-nst[cluster]'")


def _hush(ray: Any) -> None:
    """Keep what Ray tells of workers, tasks and datasets off the screen: what matters of it comes as our own lines."""
    # It writes the death of each worker to stdout, where results are, whatever ``log_to_driver`` says.
    ray._private.worker.print_to_stdstream = lambda *_, **__: None
    for name in ("ray", "ray.data", "ray.util.client"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.setLevel(logging.CRITICAL)
        for handler in logger.handlers:
            if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
                handler.setLevel(logging.CRITICAL + 1)


@contextlib.contextmanager
def joined(options: ClusterOptions) -> Iterator[Any]:
    """Ray, connected; a cluster that was begun here ends with the block, one that this process had joined stays.

    Raises OptionError where there is none at the address.
    """
    ray = import_ray()
    if ray.is_initialized():  # the program's own, which is as loud as it likes
        yield ray
        return
    _hush(ray)
    address = options.address or os.environ.get("RAY_ADDRESS")
    if address is not None:
        _refuse_unanswered(address)
    try:
        # stderr is where it tells of its log level and how it authenticates
        with stderr_away(), _handlers_kept():
            _init(ray, address)
        yield ray
    finally:
        with contextlib.suppress(Exception):
            ray.shutdown()


def _init(ray: Any, address: str | None) -> None:
    told: dict[str, Any] = {"log_to_driver": False}
    if not (address or "").startswith("ray://"):  # where all but the former is the server's own business
        told["logging_level"] = logging.CRITICAL
    own = {"num_cpus": cpus.usable_cpus(), "include_dashboard": False, "object_store_memory": STORE_BYTES}
    try:
        if address is None:
            try:
                ray.init("auto", **told)
                return
            except ConnectionError:  # none runs here
                address = "local"
        ray.init(address, **told, **(own if address == "local" else {}))
    except Exception as exc:  # a client and a driver fail in many ways
        reason = " ".join(str(exc).split())[:160]
        if address == "auto":
            raise OptionError("auto: no Ray cluster runs here", "{address=local}, or ray start --head") from exc
        hint = "check {address}; RAY_AUTH_MODE=token and RAY_AUTH_TOKEN, where the cluster asks who you are"
        raise OptionError(f"{address}: no Ray cluster can be joined ({reason})", hint) from exc


def _refuse_unanswered(address: str) -> None:
    """Raise OptionError for an address where nobody listens: Ray itself would try for minutes."""
    if address in ("auto", "local"):
        return
    host, _, port = address.rpartition("://")[2].rpartition("/")[2].rpartition(":")
    if not host or not port.isdecimal():
        raise OptionError(f"{address}: no address of a Ray cluster", "auto, local, HOST:6379 or ray://HOST:10001")
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWERS_S).close()
    except (OSError, OverflowError) as exc:
        reason = getattr(exc, "strerror", None) or exc or "no answer"
        raise OptionError(f"{address}: no Ray cluster answers ({reason})", "check {address}") from exc


def room(ray: Any, options: ClusterOptions) -> Room:
    """What workers get. Raises OptionError where no node has so much."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    able = [node for node in nodes if node.get("CPU", 0) >= 1]
    if not able:
        raise OptionError("the cluster has no CPUs for work", "{address} of another")
    wanted = options.cpus_per_worker or max(1, min(MOST_CPUS, *(int(node["CPU"]) for node in able), MOST_CPUS))
    fitting = [node for node in able if node["CPU"] >= wanted and node.get("GPU", 0) >= options.gpus_per_worker]
    if not fitting:
        gpus = f" and {options.gpus_per_worker:g} GPUs" if options.gpus_per_worker else ""
        most = max(int(node["CPU"]) for node in able)
        what = f"no node of the cluster has {wanted} CPUs{gpus}; the largest has {most:g} CPUs"
        raise OptionError(what, "fewer {cpus_per_worker} or {gpus_per_worker}")
    memory = min(int(node["memory"] * SHARE * wanted / node["CPU"]) for node in fitting)
    there = sum(_fit(node, wanted, options.gpus_per_worker) for node in fitting)
    return Room(options.workers or there, wanted, options.gpus_per_worker, memory, options.workers is not None)


def _fit(node: dict[str, float], wanted: int, gpus: float) -> int:
    most = int(node["CPU"] // wanted)
    return min(most, int(node["GPU"] // gpus)) if gpus else most
