"""A server under load, with `mini`: python scripts/benchmarks/serve.py [--only throughput|memory|drafts]

throughput: 64 clients at once against the stream on the same photos, in turns, and what statuses there were.
memory: what the process holds over 2,000 requests of mixed sizes. drafts: what a turn of each dial takes at 512 px.

The clients run in the same process and take their share. Where others use the machine, seconds of CPU and the ratio
tell more than the clock.
"""

import argparse
import collections
import concurrent.futures
import gc
import io
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
import psutil
from PIL import Image

from arbitrary_nst import Stylizer
from arbitrary_nst.images import library
from arbitrary_nst.server.serving import Running
from arbitrary_nst.server.settings import ServeOptions

EVERY = 400  # requests between looks at the memory
DIALS = {
    "as it is": {},
    "strength": {"strength": 0.7},
    "blend": {"style": ["mosaic", "fresco"], "share": ["0.4", "0.6"]},
    "colors photo": {"colors": "photo"},
    "colors match": {"colors": "match"},
    "keep plain": {"keep_plain": 1},
    "match, strength": {"colors": "match", "strength": 0.7},
}


def photos(count: int, width: int) -> list[bytes]:
    """JPEGs of smooth noise, each another."""
    return [photo(seed, width, width * 3 // 4) for seed in range(count)]


def photo(seed: int, width: int, height: int) -> bytes:
    small = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def by_stream(stylizer: Stylizer, given: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "photos"
        source.mkdir()
        for number, data in enumerate(given):
            (source / f"{number}.jpg").write_bytes(data)
        style = library.style_picture("mosaic")
        results = list(stylizer.stylize_many(source, style, output=Path(folder) / "styled"))
        assert all(result.error is None for result in results)


def by_server(address: str, given: list[bytes], clients: int, statuses: "collections.Counter[int]") -> None:
    def ask(data: bytes) -> None:
        while True:
            answer = http.post("/api/v1/stylize", files={"photo": data}, data={"style": "mosaic"})
            statuses[answer.status_code] += 1
            if answer.status_code != 429:
                return
            time.sleep(0.1)

    limits = httpx.Limits(max_connections=clients)
    with (
        httpx.Client(base_url=address, timeout=600, limits=limits) as http,
        concurrent.futures.ThreadPoolExecutor(clients) as pool,
    ):
        list(pool.map(ask, given))


def throughput(stylizer: Stylizer, address: str, asked: argparse.Namespace) -> None:
    """Photos a second by both ways, in turns."""
    given, statuses = photos(asked.photos, asked.width), collections.Counter[int]()
    ways = {
        "stream": lambda: by_stream(stylizer, given),
        "server": lambda: by_server(address, given, asked.clients, statuses),
    }
    took = collections.defaultdict[str, list[tuple[float, float]]](list)
    for _ in range(asked.rounds):
        for name, draw in ways.items():
            began, cpu = time.monotonic(), time.process_time()
            draw()
            seconds, used = time.monotonic() - began, time.process_time() - cpu
            took[name].append((seconds, used))
            print(
                f"{name}: {len(given)} photos of {asked.width} px in {seconds:.1f} s, {used:.1f} s of CPU", flush=True
            )
    for number, what in enumerate(("by the clock", "by CPU")):
        stream, server = (statistics.median(each[number] for each in took[name]) for name in ways)
        print(f"the server has {stream / server:.0%} of the stream's throughput {what}")
    print(f"answers of {asked.clients} clients at once: {dict(statuses)}")


def memory(stylizer: Stylizer, address: str, asked: argparse.Namespace) -> None:
    """What the process holds while photos of 20 to 900 px come, every tenth kept as a job."""
    process, rng = psutil.Process(os.getpid()), random.Random(0)
    given = [photo(seed, rng.randrange(20, 900), rng.randrange(20, 900)) for seed in range(20)]
    with httpx.Client(base_url=address, timeout=600) as http:
        for number in range(asked.requests):
            headers = {"Prefer": "respond-async"} if number % 10 == 0 else {}
            files = {"photo": given[number % len(given)]}
            assert http.post("/api/v1/stylize", files=files, data={"style": "mosaic"}, headers=headers).is_success
            if (number + 1) % EVERY == 0:
                gc.collect()
                print(f"{number + 1} requests: {process.memory_info().rss / 1e6:.0f} MB", flush=True)


def drafts(stylizer: Stylizer, address: str, asked: argparse.Namespace) -> None:
    """Milliseconds of a draft of an uploaded photo, by the clock and by CPU."""
    with httpx.Client(base_url=address, timeout=600) as http:
        kept = http.post("/api/v1/photos", files={"photo": photo(0, 4000, 3000)}).json()
        base = {"photo_id": kept["id"], "style": "mosaic", "max_size": 512, "format": "jpg", "quality": 85}
        for name, dial in DIALS.items():
            seconds, used = [], []
            for _ in range(12):
                began, cpu = time.monotonic(), time.process_time()
                assert http.post("/api/v1/stylize", data=base | dial).is_success
                seconds.append(time.monotonic() - began)
                used.append(time.process_time() - cpu)
            clock = f"{1000 * min(seconds):.0f} to {1000 * statistics.median(seconds):.0f} ms"
            print(f"{name}: {clock}, {1000 * statistics.median(used):.0f} ms of CPU", flush=True)


def main() -> None:
    measures = {"throughput": throughput, "memory": memory, "drafts": drafts}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=measures)
    parser.add_argument("--photos", type=int, default=64)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=2000)
    asked = parser.parse_args()
    stylizer = Stylizer("mini")
    running = Running(stylizer, ServeOptions(port=0), print)
    running.start()
    running.studio.loaded.wait()
    by_server(running.address, photos(1, asked.width), 1, collections.Counter())
    for name, measure in measures.items():
        if asked.only in (None, name):
            measure(stylizer, running.address, asked)
    running.drain(5)


if __name__ == "__main__":
    main()
