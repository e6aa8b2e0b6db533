"""The command line: parse words, call Project, print. One file per command; `main` is the door."""
