"""Evidence that the harness finds what it claims to find. Not part of the installed package."""
