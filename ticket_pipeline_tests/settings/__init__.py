"""Tests of `ticket_pipeline.settings.model`."""
