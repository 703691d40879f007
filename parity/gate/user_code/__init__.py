"""Which framework functions and layers Python code uses, read from its syntax without running it."""
