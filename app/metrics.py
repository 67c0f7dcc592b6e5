"""What the service counts about itself, for Prometheus."""

from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The service's own numbers; each application has its own registry, so that tests do not share one."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "cutloss_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "cutloss_request_seconds", "Seconds to the end of an answer.", ("route",), registry=self.registry
        )
        self.watchers = Gauge("cutloss_watchers", "Open live connections.", registry=self.registry)
        self.loop_errors = Counter(
            "cutloss_loop_errors", "Errors caught by a background loop.", ("loop",), registry=self.registry
        )
        self.alerts_sent = Counter(
            "cutloss_alerts_sent", "Alerts a channel took.", ("rule",), registry=self.registry
        )
        self.alerts_failed = Counter(
            "cutloss_alerts_failed", "Tries in which a channel did not take an alert.", ("rule",),
            registry=self.registry,
        )  # fmt: skip

    def count_alert(self, rule: str, *, is_sent: bool) -> None:
        """Count an alert that a channel took, or did not."""
        (self.alerts_sent if is_sent else self.alerts_failed).labels(rule).inc()

    def text(self) -> bytes:
        """Return all numbers in Prometheus' text format."""
        return generate_latest(self.registry)


class CountRequests:
    """Count each request by its route's template, never by its path: paths hold run ids."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = perf_counter(), 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.requests.labels(scope["method"], route, status).inc()
            self._metrics.seconds.labels(route).observe(perf_counter() - started)
