"""What people touch: the pytest plugin and the command line. They choose and print; they decide nothing."""
