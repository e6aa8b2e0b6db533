"""A project as people use it: what it is made of, wired together, and what they ask of it besides building."""
