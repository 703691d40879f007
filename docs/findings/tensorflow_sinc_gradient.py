"""TensorFlow: the gradient of keras.ops.sinc has no right digit near zero.

It comes from sin(z) / z, and is the difference of cos(z) / z and sin(z) / z**2, two large numbers that are nearly
equal: at 1e-4 the float32 gradient is wrong by more than itself, and so is the float64 one at 4e-9.

Declared as:
sinc_near_zero: keras.ops.sinc
"""

import sys

import numpy as np
import tensorflow as tf

print(f"tensorflow {tf.__version__}")
errors = []
for dtype, values in ((tf.float32, [1e-4, 2e-4, 1e-3]), (tf.float64, [4e-9, 1e-6, 1e-4])):
    x = tf.constant(values, dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.keras.ops.sinc(x)
    gradient = tape.gradient(y, x).numpy().astype(np.float64)
    z = np.pi * x.numpy().astype(np.float64)
    truth = -np.pi * z / 3 * (1 - z**2 / 10)
    errors.append(np.abs(gradient / truth - 1) / np.finfo(x.numpy().dtype).eps)
    for value, found, right in zip(values, gradient, truth, strict=True):
        print(f"{dtype.name}, x = {value:g}: gradient {found:.6e}, where {right:.6e} is right")
sys.exit(0 if np.max(errors) > 1e4 else "no longer wrong")
