"""Which captures can be believed: a sudden loss of most listings is more often a partial answer than a sell-out.

The rule (design §6): a capture with fewer than half the listings of the last trusted one is suspect, until the next
capture confirms its level (within 25 %). A capture whose listings were all rejected is never trusted: the source
changed its shape, the market did not vanish. For the same reason one that was mostly rejected, or that disagrees with
the totals announced beside it, neither confirms a loss nor is confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class TrustRule:
    """The two thresholds, as shares.

    Attributes:
        drop_fraction: below this share of the last trusted capture's listings, a capture is suspect.
        confirm_fraction: a next capture that differs from a suspect one by at most this share confirms it.
    """

    drop_fraction: float = 0.5
    confirm_fraction: float = 0.25


@dataclass(frozen=True, slots=True)
class CaptureSize:
    """How much one capture held.

    Attributes:
        received: listings in the answer.
        accepted: those that are market prices.
        is_disputed: the totals announced beside the listings say otherwise.
    """

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


def find_suspects(captures: Sequence[CaptureSize], rule: TrustRule) -> list[bool]:
    """Judge captures of one event and marketplace in order of capture.

    The first usable capture is trusted: there is nothing to compare it with. The sequence should therefore begin with a
    capture that is known to be trusted, where there is one.

    Args:
        captures: in order of `captured_at`.
        rule: the thresholds.

    Returns:
        For each capture, whether it is suspect when all of these are known.
    """
    suspects: list[bool] = []
    level: int | None = None
    for index, capture in enumerate(captures):
        is_confirming = index > 0 and suspects[index - 1] and _confirms(capture, captures[index - 1], rule)
        if is_confirming:
            suspects[index - 1] = False
        has_dropped = level is not None and capture.accepted < rule.drop_fraction * level
        is_suspect = capture.is_unusable or (has_dropped and not is_confirming)
        suspects.append(is_suspect)
        if not is_suspect:
            level = capture.accepted
    return suspects


def _confirms(capture: CaptureSize, suspect: CaptureSize, rule: TrustRule) -> bool:
    """Whether a capture is so close to the suspect one before it that both are believed."""
    if capture.is_doubtful or suspect.is_doubtful:
        return False
    return abs(capture.accepted - suspect.accepted) <= rule.confirm_fraction * suspect.accepted
