"""Which captures are trusted: a sudden loss of most listings is more often a partial response than a sell-out.

A capture with fewer than half the listings of the last trusted one, or one that contradicts the totals announced beside
it, is suspect until the next capture confirms its level (within 25 %). A capture whose listings were all rejected is
never trusted: the format changed, the market did not vanish. For the same reason one that was mostly rejected, or that
contradicts its totals, neither confirms a loss of more than half nor is confirmed in one. A source whose totals always
disagree is trusted at its level from the second capture on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


def find_suspects(captures: Sequence[CaptureSize], *, begins_trusted: bool = False) -> list[bool]:
    """Whether each capture of one event and marketplace is suspect, in order of capture, when all of these are known.

    Of captures from the very beginning the first usable one that does not contradict itself is trusted: there is
    nothing to compare it with. `begins_trusted`: these are later ones, and the first of them is known to be trusted.
    """
    suspects: list[bool] = []
    level: int | None = None
    for index, capture in enumerate(captures):
        before = captures[index - 1] if index else None
        is_level = before is not None and _is_same_level(capture, before)
        has_dropped = level is not None and capture.accepted < _DROP_FRACTION * level
        if before is not None and suspects[-1] and is_level and _may_confirm(capture, before, level):
            suspects[-1] = False
            has_dropped = False
        # Totals that disagree at the same level every time are a habit of the source.
        is_disputed = capture.is_disputed and not (is_level and before is not None and before.is_disputed)
        is_suspect = capture.is_unusable or has_dropped or is_disputed
        if index == 0 and begins_trusted:
            is_suspect = False
        suspects.append(is_suspect)
        if not is_suspect:
            level = capture.accepted
    return suspects


def _is_same_level(capture: CaptureSize, before: CaptureSize) -> bool:
    if capture.is_unusable or before.is_unusable:
        return False
    return abs(capture.accepted - before.accepted) <= _CONFIRM_FRACTION * before.accepted


def _may_confirm(capture: CaptureSize, suspect: CaptureSize, level: int | None) -> bool:
    """A loss of more than half is not confirmed by, or for, a capture that may itself have lost most of it."""
    if level is None or suspect.accepted >= _DROP_FRACTION * level:
        return True
    return not (capture.is_doubtful or suspect.is_doubtful)
