"""The marketplaces, one folder each: `client.py` has its requests, `parser.py` reads its bodies.

No database belongs here: permission to send, breaker and cache are protocols (`http`), implemented in `storage`.
"""
