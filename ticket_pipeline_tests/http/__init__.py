"""Tests of `ticket_pipeline.http`."""
