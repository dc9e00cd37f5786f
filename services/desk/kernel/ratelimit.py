"""Rate limit: a token bucket, time comes in as an argument."""

from __future__ import annotations


class Bucket:
    """Allows `burst` at once and `rate_per_second` on average."""

    def __init__(self, rate_per_second: float, burst: int, now_seconds: float) -> None:
        self._rate, self._burst = rate_per_second, float(burst)
        self._left, self._at = float(burst), now_seconds

    def take(self, now_seconds: float) -> bool:
        """Take one; False when the bucket is empty."""
        self._left = min(self._burst, self._left + (now_seconds - self._at) * self._rate)
        self._at = now_seconds
        if self._left < 1:
            return False
        self._left -= 1
        return True
