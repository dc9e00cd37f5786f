"""Rate limit: token buckets, one or one a key; time comes in as an argument."""

from __future__ import annotations

from collections import OrderedDict

_PAUSE_SECONDS = 1.0


class Bucket:
    """Allows `burst` at once and `rate_per_second` on average.

    Once it has refused it refuses for a second: what was sent behind a refused message must not overtake it.
    """

    def __init__(self, rate_per_second: float, burst: int, now_seconds: float) -> None:
        self._rate, self._burst = rate_per_second, float(burst)
        self._left, self._at = float(burst), now_seconds
        self._closed_until = now_seconds

    def take(self, now_seconds: float) -> bool:
        """Take one; False when the bucket is empty, or was just before."""
        self._left = min(self._burst, self._left + (now_seconds - self._at) * self._rate)
        self._at = now_seconds
        if now_seconds < self._closed_until:
            return False
        if self._left < 1:
            self._closed_until = now_seconds + max(_PAUSE_SECONDS, self._seconds_to_next())
            return False
        self._left -= 1
        return True

    @property
    def wait_seconds(self) -> float:
        """How long after the last `take` there is one again; an hour when none ever comes."""
        return max(self._closed_until - self._at, self._seconds_to_next())

    def _seconds_to_next(self) -> float:
        if self._left >= 1:
            return 0.0
        return (1 - self._left) / self._rate if self._rate > 0 else 3600.0


class Buckets:
    """A bucket a key; with more than `most` keys the one used longest ago is forgotten first."""

    def __init__(self, rate_per_second: float, burst: int, most: int = 10_000) -> None:
        self._rate, self._burst, self._most = rate_per_second, burst, most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, key: str, now_seconds: float) -> bool:
        """Take one of this key's; False when its bucket is empty. A burst of zero means no limit."""
        if self._burst < 1:
            return True
        bucket = self._buckets.setdefault(key, Bucket(self._rate, self._burst, now_seconds))
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket.take(now_seconds)

    def wait_seconds(self, key: str) -> float:
        """How long this key has to wait for the next; zero for one that never came."""
        bucket = self._buckets.get(key)
        return 0.0 if bucket is None else bucket.wait_seconds
