"""Hamilton's address of formats of polars, which it makes known as it is imported; here they always are."""
