"""What was found out before, said again without importing the project while nothing that it stood on has changed.

Two steps of it: `answers` gives a whole command's answer and imports next to nothing; `snapshots` keep what an import
found of a project's code. Nothing is imported here: whoever asks for an answer pays for no more than that.
"""
