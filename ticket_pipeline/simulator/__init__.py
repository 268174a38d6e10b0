"""Marketplaces and a Google Sheet on loopback, with known truth and faults on demand. For `make run` and for tests."""
