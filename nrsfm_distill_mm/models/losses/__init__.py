"""Losses on depth."""
