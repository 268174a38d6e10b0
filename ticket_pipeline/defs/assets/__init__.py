"""The assets, one module per layer: the watchlist, the listing snapshots, the prices."""
