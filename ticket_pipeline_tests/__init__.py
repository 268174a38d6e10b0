"""The tests mirror the package: real database, real HTTP on loopback, no mocks."""
