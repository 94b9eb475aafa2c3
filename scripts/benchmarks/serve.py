"""Photos a second through a server with many clients, against the stream: python scripts/benchmarks/serve.py

Both draw the same photos with `mini`, in one process, the stream first; the clients take their share of the CPU.
"""

import argparse
import concurrent.futures
import io
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from arbitrary_nst import Stylizer
from arbitrary_nst.images import library
from arbitrary_nst.server.serving import Running
from arbitrary_nst.server.settings import ServeOptions


def photos(count: int, width: int) -> list[bytes]:
    """JPEGs of smooth noise, each another."""
    made = []
    for seed in range(count):
        small = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(small).resize((width, width * 3 // 4), Image.Resampling.BICUBIC).save(
            buffer, "JPEG", quality=95
        )
        made.append(buffer.getvalue())
    return made


def by_stream(stylizer: Stylizer, given: list[bytes]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "photos"
        source.mkdir()
        for number, data in enumerate(given):
            (source / f"{number}.jpg").write_bytes(data)
        began = time.monotonic()
        style = library.style_picture("mosaic")
        results = list(stylizer.stylize_many(source, style, output=Path(folder) / "styled"))
        assert all(result.error is None for result in results)
        return time.monotonic() - began


def by_server(stylizer: Stylizer, given: list[bytes], clients: int) -> float:
    running = Running(stylizer, ServeOptions(port=0), print)
    running.start()
    running.studio.loaded.wait()

    def ask(data: bytes) -> None:
        while True:
            answer = http.post("/api/v1/stylize", files={"photo": data}, data={"style": "mosaic"})
            if answer.status_code != 429:
                assert answer.status_code == 200, answer.text
                return
            time.sleep(0.1)

    limits = httpx.Limits(max_connections=clients)
    with (
        httpx.Client(base_url=running.address, timeout=600, limits=limits) as http,
        concurrent.futures.ThreadPoolExecutor(clients) as pool,
    ):
        began = time.monotonic()
        list(pool.map(ask, given))
        seconds = time.monotonic() - began
    running.drain(5)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=64)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--clients", type=int, default=64)
    asked = parser.parse_args()
    stylizer, given = Stylizer("mini"), photos(asked.photos, asked.width)
    stylizer.stylize(given[0], str(library.style_picture("mosaic")))
    for name in ("stream", "server", "stream", "server"):
        began = time.process_time()
        seconds = by_stream(stylizer, given) if name == "stream" else by_server(stylizer, given, asked.clients)
        used = time.process_time() - began  # tells more where others use the machine too
        each = f"{len(given) / seconds:.2f} a second, {used / len(given):.3f} s of CPU each"
        print(f"{name}: {len(given)} photos of {asked.width} px in {seconds:.1f} s, {each}")


if __name__ == "__main__":
    main()
