"""The watchlist: read from a Google Sheet or a CSV file, and parsed into events."""
