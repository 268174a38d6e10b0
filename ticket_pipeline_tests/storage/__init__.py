"""Tests of `ticket_pipeline.storage`: real servers, real SQL."""
