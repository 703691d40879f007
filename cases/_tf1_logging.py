"""Warnings that TensorFlow writes to its log, as errors."""

import logging
from contextlib import contextmanager


class Raising(logging.Filter):
    def filter(self, record):
        raise RuntimeWarning(record.getMessage())


@contextmanager
def warnings_as_errors(tf):
    """Raise what TensorFlow and tf_keras log as a warning inside ``with``."""
    raising = Raising()
    tf.get_logger().addFilter(raising)
    try:
        yield
    finally:
        tf.get_logger().removeFilter(raising)
