"""TensorFlow: leaky_relu of float64 tensors multiplies by the slope rounded to float32.

The slope is an attribute of the LeakyRelu operation, and attributes are float32. A slope of 0.2 becomes
0.20000000298023224, for the results and for the gradient.

Declared as:
leaky_relu: tf.nn.leaky_relu
leaky_relu: keras.activations.leaky_relu
leaky_relu: keras.layers.LeakyReLU
leaky_relu: keras.layers.ReLU(negative_slope=...)
"""

import sys

import numpy as np
import tensorflow as tf

x = np.array([-3.0, -1.0, -0.1, 2.0])
truth = np.where(x > 0, x, 0.2 * x)
slopes = np.where(x > 0, 1.0, 0.2)
calls = {
    "tf.nn.leaky_relu": lambda t: tf.nn.leaky_relu(t, 0.2),
    "keras.activations.leaky_relu": lambda t: tf.keras.activations.leaky_relu(t, 0.2),
    "keras.layers.LeakyReLU": tf.keras.layers.LeakyReLU(0.2, dtype="float64"),
    "keras.layers.ReLU": tf.keras.layers.ReLU(negative_slope=0.2, dtype="float64"),
}

print(f"tensorflow {tf.__version__}, float64; rounding alone explains about {np.finfo(float).eps:.0e}")
errors = []
for name, call in calls.items():
    t = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(t)
        y = call(t)
    assert y.dtype == tf.float64
    gradient = np.abs(tape.gradient(y, t).numpy() - slopes).max()
    errors.append(float(np.abs(y.numpy() - truth).max()))
    print(f"{name}: largest error {errors[-1]:.1e}, of the gradient {gradient:.1e}; at -1: {y.numpy()[1]!r}")
sys.exit(0 if min(errors) > 1e-12 else "no longer wrong")
