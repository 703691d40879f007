"""TensorFlow: the gradient of xlogy with respect to x is zero where x is zero, instead of log(y).

The function is linear in x. What keeps its value 0 at x = 0 and y = 0 masks the gradient for every y.

Declared as:
xlogy_at_zero: tf.math.xlogy
"""

import sys

import numpy as np
import tensorflow as tf

x, y = np.array([0.0, 0.5, 1.0]), np.array([2.0, 2.0, 2.0])
truth = np.log(y)
t = tf.constant(x)
with tf.GradientTape() as tape:
    tape.watch(t)
    value = tf.math.xlogy(t, y)
gradient = tape.gradient(value, t).numpy()

print(f"tensorflow {tf.__version__}, float64")
print(f"tf.math.xlogy at x = {x}, y = {y}: gradient {gradient}, where {truth} is right")
sys.exit(0 if np.abs(gradient - truth).max() > 1e-9 else "no longer wrong")
