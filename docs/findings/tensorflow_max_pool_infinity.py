"""TensorFlow: the maximum of a window that holds only minus infinity is the lowest finite number.

The maximum is sought from that number on, which is larger than minus infinity: -3.4e38 in float32, -65504 in float16.
oneDNN's bfloat16 kernel, the default on some CPUs with AVX-512, is right. Minus infinity is what masks positions, and a
later softmax or sum no longer sees the mask.

Declared as:
max_pool_of_minus_infinity: tf.nn.max_pool1d
"""

import sys

import numpy as np
import tensorflow as tf

x = np.full((1, 4, 4, 1), -np.inf)

print(f"tensorflow {tf.__version__}; windows of minus infinity, {x.max()} is right")
results = []
for dtype in (tf.float64, tf.float32, tf.float16, tf.bfloat16):
    t = tf.constant(x, dtype)
    for name, y in (
        ("tf.nn.max_pool2d", tf.nn.max_pool2d(t, 2, 2, "VALID")),
        ("tf.nn.max_pool1d", tf.nn.max_pool1d(t[0], 2, 2, "VALID")),
        ("keras.layers.MaxPooling2D", tf.keras.layers.MaxPooling2D(dtype=dtype.name)(t)),
    ):
        results.append(float(y.numpy().max()))
        print(f"{name}, {dtype.name}: {results[-1]}")
sys.exit(0 if np.isfinite(results).any() else "no longer wrong")
