"""What the chaos tests share: a small project, builders that are forked, faults, and the kinds of files of a cache."""
