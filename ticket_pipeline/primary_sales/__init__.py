"""What an organiser sells through vivenu: asking for it, and reading it without keeping who the buyers are.

What belongs here: the client, the shapes on the wire, ages, genders and the sums' vocabulary. What does not: the
database (`storage.ticket_sales`), and bringing both together (`primary_sales.ingest`).
"""
