"""The command line: in this process on a real database and a marketplace on loopback, and as a program."""
