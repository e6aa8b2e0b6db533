"""Do what a plan says: hand ready steps to an executor, take in how they end, let keys find what was found."""
