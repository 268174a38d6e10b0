"""The trade's vocabulary and its arithmetic: pure functions over listings and snapshots.

No network, no database, no clock, no randomness. What a price is, who can sell n together, which capture is to be
believed: decided here, once.
"""
