"""The figures as Prometheus reads them: each source is read anew when its reading is old.

A source that fails, or gives no answer in time, is left out and says so; the others are exposed.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dp_pipeline.instance.in_time import in_time
from dp_pipeline.instance.metrics import SOURCE_SECONDS, SOURCE_UP, SOURCES
from dp_pipeline.instance.metrics.figure import Figure, FigureSource, Observed, Reading, Sample

READ_SECONDS = 4.5
"""How long a source may take: a little more than its statements, whose error says more."""


@dataclass(slots=True)
class _Last:
    """The last reading of a source, when it was made, and how long it took; None: it failed."""

    reading: Reading | None
    at: float
    took: float


class Exposition(Collector):
    """All samples as they are now; of several scrapes at once one reads.

    Args:
        observed: what figures are read of.
        sources: of which figures.
    """

    def __init__(self, observed: Observed, sources: Sequence[FigureSource] = SOURCES) -> None:
        self._observed = observed
        self._sources = sources
        self._last: dict[str, _Last] = {}
        self._lock = threading.Lock()

    def samples(self) -> list[Sample]:
        """The samples of all sources, and of each whether it could be read."""
        with self._lock:
            away: set[str] = set()
            for source in self._sources:
                self._renew(source, away)
            samples = []
            for source in self._sources:
                last = self._last[source.name]
                samples.append(SOURCE_UP.of(last.reading is not None, source.name))
                samples.append(SOURCE_SECONDS.of(last.took, source.name))
                samples += last.reading.samples if last.reading is not None else ()
            return samples

    def collect(self) -> Iterator[Metric]:
        """The samples as the registry of prometheus_client takes them."""
        yield from families(self.samples())

    def _renew(self, source: FigureSource, away: set[str]) -> None:
        before, began = self._last.get(source.name), time.monotonic()
        if before is not None and began - before.at < source.seconds:
            return
        reading = None
        if source.of not in away:
            try:
                reading = in_time(READ_SECONDS, lambda: source.read(self._observed), source.name)
            # The border to a database or storage that is away, in whatever way: the figures of the
            # others are wanted then most of all.
            except Exception:  # noqa: BLE001
                away.add(source.of)
        known = before.reading if before is not None else None
        if reading is not None and known is not None and reading.since == known.since:
            reading = Reading(growing(known.samples, reading.samples), reading.since)
        now = time.monotonic()
        self._last[source.name] = _Last(reading, now, now - began)


def growing(before: Sequence[Sample], samples: Iterable[Sample]) -> list[Sample]:
    """The samples, with no counter below what it was.

    An execution that was called lost and ends after all leaves one count for another: Prometheus
    takes a counter that shrinks for one that began anew, and would count all of it twice.
    """
    highest = {(s.figure, s.values): s.number for s in before if s.figure.kind == "counter"}
    found = [
        s.figure.of(max(s.number, highest.pop((s.figure, s.values), s.number)), *s.values)
        for s in samples
    ]
    return found + [figure.of(number, *values) for (figure, values), number in highest.items()]


def families(samples: Iterable[Sample]) -> Iterator[Metric]:
    """The samples by figure, as prometheus_client has them."""
    by_figure: defaultdict[Figure, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_figure[sample.figure].append(sample)
    for figure, of_figure in by_figure.items():
        kind = GaugeMetricFamily if figure.kind == "gauge" else CounterMetricFamily
        family = kind(figure.exposed, figure.description, labels=figure.labels)
        for sample in of_figure:
            family.add_metric(sample.values, sample.number)
        yield family
