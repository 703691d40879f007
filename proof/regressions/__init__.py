"""Real regressions and changes between released versions, and what the upgrade gate says of each.

``table.toml`` lists them: two versions, the source, the right class of change and exit status. ``cases/`` declares each
operation with its formula. ``python -m proof.regressions`` runs the gate on every entry and records its verdict.
"""
