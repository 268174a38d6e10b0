"""Tests of `ticket_pipeline.defs.analytics`."""
