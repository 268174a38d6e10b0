"""What an organiser sells through vivenu: the client, what is kept of each object, and storing it.

Personal data is dropped while responses are decoded. The statements are in `storage.ticket_sales`.
"""
