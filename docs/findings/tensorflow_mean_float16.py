"""TensorFlow: the mean of 65520 or more float16 numbers is infinite, NaN or zero on a CPU, and its gradient is zero.

The number of numbers is a float16, too, which ends at 65504, and so is their sum. The mean of a batch's losses, token
by token, is soon over as many. keras.ops.mean takes the mean in float32.

Declared as:
mean_of_many: tf.reduce_mean
"""

import sys

import numpy as np
import tensorflow as tf

print(f"tensorflow {tf.__version__}, float16; the mean of equal numbers is that number")
errors = []
with tf.device("cpu"):
    for count, value in ((65_504, 0.5), (65_520, 0.5), (70_000, 0.5), (70_000, 1.0)):
        x = tf.fill([count], tf.constant(value, tf.float16))
        with tf.GradientTape() as tape:
            tape.watch(x)
            mean = tf.reduce_mean(x)
        gradient, keras = float(tape.gradient(mean, x)[0]), float(tf.keras.ops.mean(x))
        errors.append(abs(float(mean) - value))
        print(
            f"{count} times {value}: tf.reduce_mean {float(mean)}, its gradient {gradient:.1e}; keras.ops.mean {keras}"
        )
sys.exit(0 if not np.max(errors) < 0.01 else "no longer wrong")
