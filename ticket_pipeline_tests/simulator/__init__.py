"""The simulator: its shapes against the documented ones, its truth against itself, its faults by real clients."""
