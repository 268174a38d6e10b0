"""Tests of `ticket_pipeline.defs.prices`."""
