"""Stores hold blobs and records: near (local), shared (remote), or in memory."""
