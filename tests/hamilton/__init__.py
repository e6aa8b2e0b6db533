"""A Hamilton project runs after nothing but the import is changed: our doors beside Hamilton itself."""
