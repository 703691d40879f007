"""The upgrade gate: two records of the catalogue, compared bit by bit; what changed, who moved, what needs a person."""
