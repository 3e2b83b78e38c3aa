"""What ``tools/report.py`` and ``tools/compare.py`` are made of."""
