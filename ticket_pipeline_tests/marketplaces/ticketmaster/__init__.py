"""Tests of `ticket_pipeline.marketplaces.ticketmaster.client`."""
