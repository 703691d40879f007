"""TensorFlow: argmax and argmin pass NaN over.

NumPy and PyTorch give the place of the first NaN. tf.reduce_max and tf.reduce_min of the same row are NaN, so that they
are not the numbers at tf.argmax and tf.argmin.

Declared as:
rows_of_argmax: tf.argmax
rows_of_argmin: tf.argmin
"""

import sys

import numpy as np
import tensorflow as tf

x = np.array([[2.0, np.nan, 1.0, 3.0], [np.nan, 1.0, 3.0, 2.0], [1.0, 3.0, 2.0, np.nan]])

print(f"tensorflow {tf.__version__}")
wrong = []
for dtype in (tf.float64, tf.float32, tf.float16, tf.bfloat16):
    t = tf.constant(x, dtype)
    for name, found, truth in (
        ("argmax", tf.argmax(t, 1).numpy(), np.argmax(x, 1)),
        ("argmin", tf.argmin(t, 1).numpy(), np.argmin(x, 1)),
    ):
        wrong.append(not np.array_equal(found, truth))
        print(f"tf.{name}, {dtype.name}: {found}, where {truth} is right; the numbers there are {x[range(3), found]}")
sys.exit(0 if any(wrong) else "no longer wrong")
