"""The marketplaces: real HTTP on loopback, faults that are really on the wire, values of every kind."""
