"""The marketplaces: one module each, behind one small interface. They know HTTP and wire formats, and no database.

What they need from outside (permission to send, a breaker) is a protocol in `http`, implemented in `storage` and
handed in.
"""
