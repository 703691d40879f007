"""Operations as users declare them, from the public documentation alone: right versions that must pass, wrong ones that must not."""
