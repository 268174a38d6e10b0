"""The settings: one typed object, how single values are read, and the files that users write beside them."""
