"""TensorFlow: the gradient of the standard deviation of one number is NaN.

It is zero whatever the number is. The gradient of the root of the variance is infinite at zero, and infinity times the
gradient of the variance, zero, is NaN, which then spreads through the network.

Declared as:
standard_deviation_of_one: tf.math.reduce_std (gradient NaN for one number)
standard_deviation_of_one: keras.ops.std (gradient NaN for one number)
"""

import sys

import numpy as np
import tensorflow as tf

x = np.array([[3.0], [2.0]])
calls = {
    "tf.math.reduce_std": lambda t: tf.math.reduce_std(t, axis=1),
    "keras.ops.std": lambda t: tf.keras.ops.std(t, axis=1),
}

print(f"tensorflow {tf.__version__}, float64")
results = []
for name, call in calls.items():
    t = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(t)
        y = call(t)
    results.append(tape.gradient(y, t).numpy().ravel())
    print(f"{name} of {x[:, 0]}, each by itself: {y.numpy()}, gradient {results[-1]}, where zeros are right")
sys.exit(0 if np.isnan(results).any() else "no longer wrong")
