"""Zip archives read in place: directory, members, decryption, limits."""
