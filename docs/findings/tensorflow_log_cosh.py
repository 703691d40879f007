"""TensorFlow: Keras's LogCosh loss is NaN for an error of minus infinity, and has eight digits in float64.

It is x + softplus(-2 x) - log(2). For minus infinity that is the difference of two infinities, where the loss is
infinite, as it is for plus infinity. log(2) is computed in float32 and then cast, so that the loss of a perfect
prediction is -1.9e-9 in float64.

Declared as:
extremes_of_log_cosh: keras.losses.LogCosh
"""

import sys

import numpy as np
import tensorflow as tf

errors = np.array([0.0, 1.0, np.inf, -np.inf])
truth = np.logaddexp(errors, -errors) - np.log(2)

print(f"tensorflow {tf.__version__}; errors {errors}: losses {truth} are right")
wrong = []
for dtype in (tf.float64, tf.float32, tf.float16, tf.bfloat16):
    x = tf.constant(errors[:, None], dtype)
    found = tf.keras.losses.LogCosh(reduction=None, dtype=dtype.name)(tf.zeros_like(x), x).numpy().astype(float)
    print(f"keras.losses.LogCosh, {dtype.name}: {found}")
    wrong.append(np.isnan(found[-1]) or (dtype == tf.float64 and abs(found[0]) > 1e-12))
sys.exit(0 if any(wrong) else "no longer wrong")
