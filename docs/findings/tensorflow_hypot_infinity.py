"""TensorFlow: keras.ops.hypot of two infinities, or of infinity and NaN, is NaN.

It multiplies the larger number by the root of 1 plus the squared ratio of the two, and infinity divided by infinity
is NaN. The hypotenuse of an infinite side is infinite, whatever the other side is: NumPy and PyTorch give infinity.

Declared as:
extremes_of_hypot: keras.ops.hypot
"""

import sys

import numpy as np
import tensorflow as tf

a = np.array([3.0, np.inf, np.inf, -np.inf, np.inf])
b = np.array([4.0, 1.0, np.inf, np.inf, np.nan])
truth = np.hypot(a, b)

print(f"tensorflow {tf.__version__}; sides {a} and {b}: {truth} is right")
wrong = []
for dtype in (tf.float64, tf.float32, tf.float16, tf.bfloat16):
    found = tf.keras.ops.hypot(tf.constant(a, dtype), tf.constant(b, dtype)).numpy().astype(float)
    print(f"keras.ops.hypot, {dtype.name}: {found}")
    wrong.append(not np.array_equal(found, truth))
sys.exit(0 if any(wrong) else "no longer wrong")
