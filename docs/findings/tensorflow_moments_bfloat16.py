"""TensorFlow: keras.ops.moments clips the variance of bfloat16 numbers to 65504, the largest number of float16.

The same code serves both formats, but bfloat16 ends at 3.4e38. Numbers with a spread of 300 have a variance of 90000;
normalized by 65504, they are too large by a factor of 1.17, and by more for a larger spread. In float16 the variance is
clipped as well, so that the normalized numbers are wrong there without becoming zero. Means are clipped too.

Declared as:
batch_norm_far: keras.ops.moments
"""

import sys

import numpy as np
import tensorflow as tf

print(f"tensorflow {tf.__version__}; normalized numbers of 1 are right")
wrong = []
for spread in (300.0, 3000.0):
    x = np.array([[-spread, spread, -spread, spread]])
    for dtype in (tf.float32, tf.bfloat16, tf.float16):
        t = tf.constant(x, dtype)
        mean, variance = tf.keras.ops.moments(t, [1])
        found = float(variance[0])
        normalized = spread / np.sqrt(found)
        print(f"spread {spread:g}, {dtype.name}: variance {found:g}, where {spread**2:g} is right: {normalized:.3g}")
        wrong.append(abs(normalized - 1) > 0.01)
sys.exit(0 if any(wrong) else "no longer wrong")
