"""The watchlist: cells, rows and files are pure; Google Sheets is the simulator, read by the real gspread."""
