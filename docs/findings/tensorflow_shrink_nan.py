"""TensorFlow: soft_shrink and hard_shrink of Keras turn NaN into zero.

Both keep what lies above the threshold or below its negative, and give zero otherwise. Comparisons with NaN are false,
so that an error upstream stays unseen. PyTorch's softshrink and hardshrink keep NaN.

Declared as:
extremes_of_softshrink: keras.activations.soft_shrink
extremes_of_hardshrink: keras.activations.hard_shrink
"""

import sys

import numpy as np
import tensorflow as tf

x = np.array([-2.0, 0.25, 2.0, np.nan])
calls = {
    "soft_shrink": (tf.keras.activations.soft_shrink, np.array([-1.5, 0.0, 1.5, np.nan])),
    "hard_shrink": (tf.keras.activations.hard_shrink, np.array([-2.0, 0.0, 2.0, np.nan])),
}

print(f"tensorflow {tf.__version__}")
wrong = []
for name, (call, truth) in calls.items():
    for dtype in (tf.float64, tf.float32, tf.float16, tf.bfloat16):
        found = call(tf.constant(x, dtype)).numpy().astype(float)
        print(f"keras.activations.{name} of {x}, {dtype.name}: {found}, where {truth} is right")
        wrong.append(not np.isnan(found[-1]))
sys.exit(0 if any(wrong) else "no longer wrong")
