"""TensorFlow: elu and selu lose small negative numbers, and selu's gradient is then that of positive ones.

They subtract one from exp(x), which is rounded to a number near one; expm1 would keep all digits. In bfloat16 every
number from -0.002 to 0 becomes zero. Of a result that is zero, selu's gradient takes the input to be positive, and is
1.05 instead of 1.76. keras.activations.celu does use expm1.

Declared as:
elu_near_zero: tf.nn.elu
elu_near_zero: keras.activations.elu
selu_near_zero: tf.nn.selu
selu_near_zero: keras.activations.selu
"""

import sys

import numpy as np
import tensorflow as tf

scale, alpha = 1.0507009873554805, 1.6732632423543772
calls = {
    "tf.nn.elu": (tf.nn.elu, 1.0),
    "keras.activations.elu": (tf.keras.activations.elu, 1.0),
    "tf.nn.selu": (tf.nn.selu, scale * alpha),
    "keras.activations.selu": (tf.keras.activations.selu, scale * alpha),
    "keras.activations.celu": (tf.keras.activations.celu, 1.0),
}

print(f"tensorflow {tf.__version__}")
errors = []
for dtype, value in ((tf.float64, -1e-9), (tf.float32, -1e-6), (tf.float16, -3e-3), (tf.bfloat16, -1e-3)):
    for name, (call, factor) in calls.items():
        t = tf.constant([value] * 8, dtype)
        with tf.GradientTape() as tape:
            tape.watch(t)
            y = call(t)
        x = float(t[0])
        error = abs(float(y[0]) / (factor * np.expm1(x)) - 1)
        gradient = abs(float(tape.gradient(y, t)[0]) / (factor * np.exp(x)) - 1)
        digits = float(tf.experimental.numpy.finfo(dtype).eps) if dtype != tf.bfloat16 else 2.0**-7
        errors.append(error / digits if name != "keras.activations.celu" else 0)
        print(f"{name}({x:.3g}), {dtype.name}: relative error {error:.1e}, of the gradient {gradient:.1e}")
sys.exit(0 if max(errors) > 10 else "no longer wrong")
