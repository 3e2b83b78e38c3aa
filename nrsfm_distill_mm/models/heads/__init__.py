"""Heads of the student."""
