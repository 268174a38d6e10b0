"""The marketplaces: one module each, behind one small interface (`client.MarketplaceClient`).

They know HTTP and wire formats; they know no database. What they need from outside, permission to send and a breaker,
is the protocol `gate.RequestGate`, implemented in `storage` and handed in. Every request goes through `http`, what an
answer means is decided in `answers`, and no secret passes `redaction`.
"""
