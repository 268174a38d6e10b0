"""Tests of `ticket_pipeline.marketplaces.stubhub.client`."""
