"""A small HTTP load generator over keep-alive sockets, and what a run of it measured; loopback only."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

LOOPBACK = "127.0.0.1"
Build = Callable[[], bytes]


@dataclass(frozen=True)
class Run:
    """Latencies in seconds of the answers that were as expected, and how long the run took."""

    latencies: list[float]
    seconds: float

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Return a percentile in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def request(port: int, path: str, body: bytes, **headers: str) -> bytes:
    """Return the bytes of one POST."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {LOOPBACK}:{port}", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> int:
    """Send one request and read its whole answer; return the status."""
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    start = lower.index(b"content-length:") + 15
    await reader.readexactly(int(lower[start : lower.index(b"\r\n", start)]))
    return int(head[9:12])


async def closed_loop(port: int, build: Build, clients: int, seconds: float) -> Run:
    """Let `clients` ask one request after another for `seconds`; any answer but 201 fails the run."""
    latencies: list[float] = []
    started = time.perf_counter()
    end = started + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        while time.perf_counter() < end:
            sent = build()
            before = time.perf_counter()
            status = await ask(reader, writer, sent)
            latencies.append(time.perf_counter() - before)
            if status != 201:
                raise SystemExit(f"port {port} answered {status}")
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return Run(latencies, time.perf_counter() - started)


def interleaved(variants: int, rounds: int) -> Iterator[int]:
    """Yield variant numbers A B C A B C …, so that a busy moment of the machine hits all alike."""
    for _ in range(rounds):
        yield from range(variants)


def middle(runs: list[Run], figure: Callable[[Run], float]) -> float:
    return median(figure(run) for run in runs)
