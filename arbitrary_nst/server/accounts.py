"""What is counted for Prometheus."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120)
GAUGES = {
    "queue": "Pictures that wait to be drawn.",
    "slow_queue": "Refinements and lessons that wait.",
    "under_way": "Jobs that wait or run.",
    "result_bytes": "Bytes of results that are kept.",
    "photo_bytes": "Bytes of photos that are kept.",
    "ready": "1 where the model is loaded and requests are taken.",
}


class Accounts(Collector):
    """A server's own registry: requests, their seconds, failures by kind; and what ``counts`` tells when asked."""

    def __init__(self, counts: Callable[[], Mapping[str, float]]) -> None:
        self._counts, self._registry = counts, CollectorRegistry()
        self.requests = Counter(
            "arbstyle_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "arbstyle_request_seconds", "Seconds to an answer's end.", ["route"], buckets=SECONDS,
            registry=self._registry,
        )  # fmt: skip
        self.stages = Histogram(
            "arbstyle_stage_seconds", "Seconds of a picture's stages.", ["stage"], buckets=SECONDS,
            registry=self._registry,
        )  # fmt: skip
        self.failures = Counter("arbstyle_failures", "Jobs that failed, by kind.", ["kind"], registry=self._registry)
        self._registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """What there is at the moment."""
        counts = self._counts()
        for name, about in GAUGES.items():
            yield GaugeMetricFamily(f"arbstyle_{name}", about, value=float(counts[name]))

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
