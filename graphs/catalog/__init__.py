"""Ask the catalog: list, search, check a reference, read a module's metadata. Writes nothing."""
