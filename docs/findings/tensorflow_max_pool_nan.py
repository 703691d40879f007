"""TensorFlow: max-pooling passes NaN over on a CPU.

A comparison with NaN is false, so that the kernel keeps the other number, and an error upstream stays unseen.
tf.reduce_max keeps NaN, and so does max-pooling in other frameworks. oneDNN's bfloat16 kernel, the default on some CPUs
with AVX-512, passes NaN over too. tensorflow_max_pool_infinity.py shows windows of minus infinity.

Declared as:
special_max_pool: tf.nn.max_pool1d (NaN in the window)
rows_of_max_pool: tf.nn.max_pool1d
"""

import sys

import numpy as np
import tensorflow as tf

x = np.array([1.0, np.nan, 3.0, 2.0])
truth = np.maximum(x[:-1], x[1:])

print(f"tensorflow {tf.__version__}; input {x}, windows of two: {truth} is right")
wrong = []
for dtype in (tf.float64, tf.float32, tf.float16, tf.bfloat16):
    y = tf.nn.max_pool1d(tf.constant(x[None, :, None], dtype), 2, 1, "VALID").numpy().ravel().astype(float)
    print(f"tf.nn.max_pool1d, {dtype.name}: {y}")
    wrong.append(not np.array_equal(np.isnan(y), np.isnan(truth)))
sys.exit(0 if any(wrong) else "no longer wrong")
