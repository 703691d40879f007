"""Timing: implementations take turns in short blocks on idle workers, in several sets of fresh processes."""
