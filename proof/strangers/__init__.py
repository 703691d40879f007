"""Operations as users declare them from the documentation: right versions must pass, wrong ones must not."""
