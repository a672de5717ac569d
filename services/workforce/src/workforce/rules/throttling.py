"""How long a guesser has to wait: delays that grow and end, never a lock; and which network a request came from."""

import ipaddress
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import Enum

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LONGEST = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)
IPV6_PREFIX = 64  # what one household or office is given


class Counted(Enum):
    """What failures are counted for. The value: how many cost nothing, for people do mistype.

    A whole office may share one network address, so that many of its people mistype on a Monday.
    """

    NAME = "name", 5
    DEVICE = "device", 10
    NETWORK = "network", 50
    PERSON = "person", 5

    @property
    def free(self) -> int:
        return self.value[1]


def delay_after(failures: int, counted: Counted) -> timedelta:
    """Return the wait after this many failures: 1 s, 2 s, 4 s … up to a quarter of an hour."""
    over = failures - counted.free
    if over < 0:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(over, 20)), LONGEST)


def failures_still_counted(failures: int, last_at: datetime, now: datetime) -> int:
    """A day without a failure forgets all."""
    return 0 if now - last_at > FORGOTTEN_AFTER else failures


def retry_seconds(blocked_until: datetime, now: datetime) -> int:
    """Return whole seconds to wait, at least one."""
    return max(1, -int(-(blocked_until - now).total_seconds() // 1))


def client_network(peer: str | None, forwarded_for: str | None, trusted: Collection[Network]) -> str | None:
    """Return the network a request came from: an IPv4 address, or the /64 of an IPv6 one; None if it says nothing.

    `forwarded_for` (the header X-Forwarded-For) is believed only as far as trusted proxies wrote it: from the right,
    the first address that is no trusted proxy. This machine itself is no network: whoever is on it is past the door.
    """
    hops = [part.strip() for part in (forwarded_for or "").split(",") if part.strip()]
    address = _address(peer)
    while address is not None and hops and any(address in network for network in trusted):
        address = _address(hops.pop())
    if address is None or address.is_loopback:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
    return str(address)


def _address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
