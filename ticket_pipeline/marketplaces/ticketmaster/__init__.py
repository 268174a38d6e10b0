"""Ticketmaster: the client of its Discovery API, its parser, searches, and matching events of the watchlist."""
