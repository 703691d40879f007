"""Settings of the project's own test run."""

pytest_plugins = ["pytester"]
