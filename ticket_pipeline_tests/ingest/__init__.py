"""Polling, against a simulated marketplace on loopback and a real database."""
