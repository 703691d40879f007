"""TensorFlow: keras.ops.heaviside of NaN is the value at zero.

It gives 0 below zero, 1 above zero, and the value at zero for every other number. NaN is neither below nor above.
NumPy gives NaN.

Declared as:
extremes_of_heaviside: keras.ops.heaviside
"""

import sys

import numpy as np
import tensorflow as tf

x, at_zero = np.array([-1.0, 0.0, 1.0, np.nan]), np.full(4, 0.5)
truth = np.heaviside(x, at_zero)

print(f"tensorflow {tf.__version__}; the step at {x} is {truth}")
wrong = []
for dtype in (tf.float64, tf.float32, tf.float16, tf.bfloat16):
    found = tf.keras.ops.heaviside(tf.constant(x, dtype), tf.constant(at_zero, dtype)).numpy().astype(float)
    print(f"{dtype.name}: {found}")
    wrong.append(found[-1] == 0.5)
sys.exit(0 if any(wrong) else "no longer wrong")
