"""TensorFlow: cumulative_logsumexp passes NaN over, and turns two infinities into NaN.

From a NaN on, every sum is NaN; TensorFlow gives numbers, and minus infinity for a NaN at the beginning. With two
infinities every sum from the second on is infinite; TensorFlow subtracts one from the other. PyTorch and NumPy are
right. https://github.com/tensorflow/tensorflow/issues/111383

Declared as:
rows_of_logcumsumexp: tf.math.cumulative_logsumexp
"""

import sys

import numpy as np
import tensorflow as tf

rows = np.array([[1.0, 2.0, np.nan, 3.0], [np.nan, 1.0, 2.0, 3.0], [1.0, np.inf, np.inf, 2.0]])
truth = np.logaddexp.accumulate(rows, 1)

print(f"tensorflow {tf.__version__}")
wrong = []
for dtype in (tf.float64, tf.float32, tf.float16, tf.bfloat16):
    found = tf.math.cumulative_logsumexp(tf.constant(rows, dtype), 1).numpy().astype(float)
    for row, y, right in zip(rows, found, truth, strict=True):
        print(f"{dtype.name}, {row}: {y}, where {right} is right")
        wrong.append(not np.array_equal(np.isnan(y), np.isnan(right)))
sys.exit(0 if any(wrong) else "no longer wrong")
