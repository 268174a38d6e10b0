"""Typed, read-only questions over the database: each function takes a `Database` and returns frozen dataclasses.

Nothing here fetches, writes or prints; the command line, and whatever else shows numbers, takes them from here.
"""
