"""The watchlist: read it from a Google Sheet or a CSV file, parse its rows. It knows no marketplace and no database."""
