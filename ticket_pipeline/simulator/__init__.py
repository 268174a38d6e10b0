"""Marketplaces and a Google Sheet on loopback, with known truth and faults on demand: for `make run` and for tests."""
