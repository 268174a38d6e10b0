"""Tests of the dashboard: pages parsed on the server, the guard, and a real browser."""
