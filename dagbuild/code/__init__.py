"""The meaning of code: what a function of the project, with all that it reaches, decides of a value.

A static walk over the loaded modules: functions by the normal form of their text, constants by content, libraries
by the names of their distributions. Nothing here knows of nodes, records or stores. Its promise: an edit that can
change a value changes a digest; an edit that cannot (comments, layout, places, names of files) does not.
"""
