"""Stand-alone scripts that show one implementation against the formula, without the harness."""
