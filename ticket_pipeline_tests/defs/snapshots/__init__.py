"""Tests of `ticket_pipeline.defs.snapshots`."""
