"""TensorFlow: the gradient of Keras's Huber loss is NaN where the error is infinite.

Beyond delta the loss is linear, and its gradient is 1 or -1. Keras computes the square as well and selects afterwards:
the gradient of the square is zero times infinity. One infinite prediction then makes every weight NaN.

Declared as:
extremes_of_huber_loss: keras.losses.Huber
"""

import sys

import numpy as np
import tensorflow as tf

errors = np.array([1e4, -1e4, np.inf, -np.inf])

print(f"tensorflow {tf.__version__}; errors {errors}: gradients {np.sign(errors)} are right")
wrong = []
for dtype in (tf.float64, tf.float32, tf.float16, tf.bfloat16):
    x = tf.constant(errors[:, None], dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.keras.losses.Huber(reduction=None, dtype=dtype.name)(tf.zeros_like(x), x)
    found = tape.gradient(y, x).numpy().astype(float).ravel()
    print(f"keras.losses.Huber, {dtype.name}: losses {y.numpy()}, gradients {found}")
    wrong.append(np.isnan(found).any())
sys.exit(0 if any(wrong) else "no longer wrong")
