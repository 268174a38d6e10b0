"""HTTP for every marketplace and vivenu: connections, retries, permission to send, what an answer means, scrubbing.

It has no URL of its own and no database: what it needs from outside is a protocol, handed in.
"""
