"""What every room may stand on: errors, digests, files on disk, interrupts. Names nothing of dagbuild's own."""
