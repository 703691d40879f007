"""TensorFlow: the gradient of cumprod is zero for an element that is zero.

It is computed as the sum of the products that an element is in, divided by the element, where a division by zero gives
zero. The products without the element are what is asked for, and they need not be zero.

Declared as:
cumprod_with_zeros: tf.math.cumprod
cumprod_with_zeros: keras.ops.cumprod
"""

import sys

import numpy as np
import tensorflow as tf

x = np.array([2.0, 0.0, 3.0, 4.0])
truth = np.zeros(4)
for place in range(4):
    others = np.where(np.arange(4) == place, 1.0, x)
    truth[place] = np.cumprod(others)[place:].sum()

print(f"tensorflow {tf.__version__}, float64; the sum of the running products of {x}")
errors = []
for name, call in (("tf.math.cumprod", tf.math.cumprod), ("keras.ops.cumprod", tf.keras.ops.cumprod)):
    t = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(t)
        y = call(t)
    gradient = tape.gradient(y, t).numpy()
    errors.append(np.abs(gradient - truth).max())
    print(f"{name}: gradient {gradient}, where {truth} is right: largest error {errors[-1]:g}")
sys.exit(0 if max(errors) > 1e-9 else "no longer wrong")
