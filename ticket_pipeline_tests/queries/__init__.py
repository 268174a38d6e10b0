"""Tests of `ticket_pipeline.queries`."""
