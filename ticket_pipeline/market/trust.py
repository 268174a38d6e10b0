"""Which captures are trusted: a sudden loss of most listings is more often a partial response than a sell-out.

A capture with fewer than half the listings of the last trusted one is suspect, until the next capture confirms its
level (within 25 %). A capture whose listings were all rejected is never trusted: the format changed, the market did not
vanish. For the same reason one that was mostly rejected, or that disagrees with the totals announced beside it, neither
confirms a loss nor is confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


_DROP_FRACTION = 0.5
_CONFIRM_FRACTION = 0.25


@dataclass(frozen=True, slots=True)
class CaptureSize:
    """How many listings a capture received and accepted; it is disputed where announced totals disagree with them."""

    received: int
    accepted: int
    is_disputed: bool = False

    @property
    def is_unusable(self) -> bool:
        """Whether something came but none of it was a price."""
        return self.accepted == 0 and self.received > 0

    @property
    def is_doubtful(self) -> bool:
        """Whether its level says little about the market: most of it could not be used, or it contradicts itself."""
        return self.is_disputed or 2 * self.accepted < self.received


def find_suspects(captures: Sequence[CaptureSize]) -> list[bool]:
    """Whether each capture of one event and marketplace is suspect, in order of capture, when all of these are known.

    The first usable capture is trusted: there is nothing to compare it with. The sequence should therefore begin with a
    capture that is known to be trusted, where there is one.
    """
    suspects: list[bool] = []
    level: int | None = None
    for index, capture in enumerate(captures):
        is_confirming = index > 0 and suspects[index - 1] and _confirms(capture, captures[index - 1])
        if is_confirming:
            suspects[index - 1] = False
        has_dropped = level is not None and capture.accepted < _DROP_FRACTION * level
        is_suspect = capture.is_unusable or (has_dropped and not is_confirming)
        suspects.append(is_suspect)
        if not is_suspect:
            level = capture.accepted
    return suspects


def _confirms(capture: CaptureSize, suspect: CaptureSize) -> bool:
    if capture.is_doubtful or suspect.is_doubtful:
        return False
    return abs(capture.accepted - suspect.accepted) <= _CONFIRM_FRACTION * suspect.accepted
