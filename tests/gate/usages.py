"""What a usage is sure of, and what it is not."""


def certain(usage):
    return {use.name: list(use.places) for use in usage.uses.values() if use.certain}


def maybe(usage):
    return {use.name for use in usage.uses.values() if not use.certain}
