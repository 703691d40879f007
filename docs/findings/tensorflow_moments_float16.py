"""TensorFlow: tf.nn.moments gives an infinite variance above 65504 in float16; numbers normalized by it are zero.

tf.nn.moments computes in float32, and returns the variance in float16. The variance of numbers with a spread of 300 is
90000, which float16 does not have. The normalized numbers would all be representable: a normalization has to convert
its input to float32 before it calls tf.nn.moments.

Declared as:
layer_norm_far: tf.nn.moments
batch_norm_far: tf.nn.moments
"""

import sys

import numpy as np
import tensorflow as tf

x = np.array([[-300.0, 300.0, -300.0, 300.0]])
truth = (x - x.mean()) / np.sqrt(x.var() + 1e-3)

print(f"tensorflow {tf.__version__}; the variance of {x[0]} is {x.var():g}")
variances = []
for dtype in (tf.float32, tf.float16):
    t = tf.constant(x, dtype)
    mean, variance = tf.nn.moments(t, [1], keepdims=True)
    y = tf.nn.batch_normalization(t, mean, variance, None, None, 1e-3)
    variances.append(float(variance[0, 0]))
    print(f"{dtype.name}: variance {variances[-1]}, normalized {y.numpy()[0]}, where {truth[0].round(4)} is right")
sys.exit(0 if np.isinf(variances[-1]) else "no longer wrong")
