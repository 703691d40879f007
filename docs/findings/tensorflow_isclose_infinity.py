"""TensorFlow: for keras.ops.isclose every finite number is close to infinity, and infinity is not close to itself.

It compares |a - b| with atol + rtol |b|. If b is infinite, so is that bound. Every finite number is within the bound,
and so is the infinity of the other sign; infinity minus itself is NaN, which is not. NumPy and PyTorch compare
infinities for equality.

Declared as:
extremes_of_isclose: keras.ops.isclose
"""

import sys

import numpy as np
import tensorflow as tf

a = np.array([1.0, np.inf, -np.inf, 1.0])
b = np.array([1.0, np.inf, np.inf, np.inf])
truth = np.isclose(a, b)

print(f"tensorflow {tf.__version__}; {a} close to {b}: {truth} is right")
wrong = []
for dtype in (tf.float64, tf.float32, tf.float16, tf.bfloat16):
    found = tf.keras.ops.isclose(tf.constant(a, dtype), tf.constant(b, dtype)).numpy()
    print(f"keras.ops.isclose, {dtype.name}: {found}")
    wrong.append(not np.array_equal(found, truth))
sys.exit(0 if any(wrong) else "no longer wrong")
