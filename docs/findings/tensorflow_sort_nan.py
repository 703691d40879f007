"""TensorFlow: sorted numbers with NaN among them are not in order.

Comparisons with NaN are false, so that NaN, and the numbers beside it, stay where they should not be. NumPy and PyTorch
put NaN at the end. tf.sort, which keras.ops.sort calls, does the same.

Declared as:
rows_of_sort: keras.ops.sort
"""

import sys

import numpy as np
import tensorflow as tf

x = np.array([[2.0, np.nan, 1.0, 3.0, -1.0], [np.nan, 1.0, 5.0, 3.0, 2.0]])
truth = np.sort(x, 1)

print(f"tensorflow {tf.__version__}")
wrong = []
for dtype in (tf.float64, tf.float32, tf.float16, tf.bfloat16):
    t = tf.constant(x, dtype)
    for name, y in (("keras.ops.sort", tf.keras.ops.sort(t, 1)), ("tf.sort", tf.sort(t, 1))):
        found = y.numpy().astype(float)
        wrong.append(not np.array_equal(found, truth, equal_nan=True))
        print(f"{name}, {dtype.name}: {found.tolist()}, where {truth.tolist()} is right")
sys.exit(0 if any(wrong) else "no longer wrong")
