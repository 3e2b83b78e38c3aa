"""Runs commands one after the other, each only when it has to be."""
