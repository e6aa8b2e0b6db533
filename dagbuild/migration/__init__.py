"""From Hamilton to dagbuild: imports are rewritten, what cannot be carried over is named, graphs are compared.

Knows nothing of projects, stores and builds.
"""
