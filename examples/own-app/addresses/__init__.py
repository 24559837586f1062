"""A client's change of address, done by four eyes."""
