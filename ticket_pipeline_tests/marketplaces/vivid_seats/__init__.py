"""Tests of `ticket_pipeline.marketplaces.vivid_seats.client`."""
