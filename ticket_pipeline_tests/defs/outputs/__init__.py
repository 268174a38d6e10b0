"""Tests of `ticket_pipeline.defs.watchlist`."""
