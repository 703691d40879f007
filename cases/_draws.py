"""What the cases of random numbers share."""


def unseeded(case, *apis):
    """Declare that XLA draws other numbers for ``apis`` at every call."""
    for api in apis:
        case.unrepeatable(
            api,
            because="compiled by XLA, neither the seed of the call nor tf.random.set_seed decides what is drawn",
            source="measured with tensorflow 2.21.0",
            modes=["compiled"],
        )
