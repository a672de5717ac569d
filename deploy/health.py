"""Exit 0 if this container's process is well; the standard library only, for every container asks every few seconds.

api: the service and its database answer. worker: the event loop has beaten lately. bus: NATS and JetStream answer.
"""

import http.client
import os
import sys
import time

HEARTBEAT = "/tmp/handrail-heartbeat"  # noqa: S108 - the container's own tmpfs
STALE_SECONDS = 30.0
ADDRESSES = {"api": ("127.0.0.1", 8000, "/health"), "bus": ("nats", 8222, "/healthz")}


def answers(host: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=3)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def beats() -> bool:
    try:
        return time.time() - os.stat(HEARTBEAT).st_mtime < STALE_SECONDS
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    kind = sys.argv[1]
    sys.exit(0 if (beats() if kind == "worker" else answers(*ADDRESSES[kind])) else 1)
