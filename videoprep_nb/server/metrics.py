"""Measurements of the service in the text format of Prometheus."""

import shutil
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.service import Service
from videoprep_nb.server.health import Readiness

# what others send as a method must not become ever new time series
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class _ServiceCollector(Collector):
    """Asks the service when somebody asks for measurements."""

    def __init__(self, service: Service, readiness: Readiness) -> None:
        self._service = service
        self._readiness = readiness

    def collect(self) -> Iterator[Metric]:
        """The measurements of now."""
        yield GaugeMetricFamily(
            "videoprep_ready", "Whether jobs are taken and worked on.", not self._readiness.reasons()
        )
        counts = self._service.counts()
        jobs = GaugeMetricFamily("videoprep_jobs", "Jobs by state.", labels=["state"])
        for state in State:
            jobs.add_metric([state.value], counts.get(state, 0))
        yield jobs
        yield GaugeMetricFamily("videoprep_running_tasks", "Notebooks that run now.", self._service.running_tasks())
        yield GaugeMetricFamily("videoprep_workers", "Workers that notebooks run on.", len(self._service.workers()))
        disk = shutil.disk_usage(self._service.workspace.path)
        yield GaugeMetricFamily("videoprep_disk_bytes", "Size of the disk of the workspace.", disk.total)
        yield GaugeMetricFamily("videoprep_disk_free_bytes", "Room on the disk of the workspace.", disk.free)


class Metrics:
    """What is measured about one service.

    Args:
        service: The service.
        readiness: What may keep it from working.
    """

    def __init__(self, service: Service, readiness: Readiness) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_ServiceCollector(service, readiness))
        self.requests = Counter(
            "videoprep_requests", "Requests that were answered.", ["method", "status"], registry=self.registry
        )
        self.received_bytes = Counter(
            "videoprep_received_bytes", "Bytes of bodies that were received, mostly videos.", registry=self.registry
        )
        self.followers = Gauge("videoprep_followers", "Streams of events that are open.", registry=self.registry)
        self.follower_reads = Counter(
            "videoprep_follower_reads", "Reads of the job database for all these streams.", registry=self.registry
        )


class CountRequests:
    """Counts what goes through.

    Args:
        app: What is counted, the gate included.
        metrics: Where it is counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "other"

        async def counting_receive() -> Message:
            message = await receive()
            self._metrics.received_bytes.inc(len(message.get("body", b"")))
            return message

        async def counting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.requests.labels(method, str(message["status"])).inc()
            await send(message)

        await self._app(scope, counting_receive, counting_send)
