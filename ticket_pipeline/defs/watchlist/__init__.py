"""The watchlist."""
