"""What is due now and how often; fetch, validate and write snapshots; bring the database to the watchlist.

The only place where marketplaces and sheets meet storage.
"""
