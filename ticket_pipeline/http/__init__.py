"""HTTP for every marketplace and vivenu: one client, one fetcher, one judge of responses, one retry policy.

No URL and no database belong here: what this package needs from outside is a protocol, handed in (`gate`).
"""
