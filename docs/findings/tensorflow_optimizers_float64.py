"""TensorFlow: optimizers update float64 weights with hyperparameters rounded to float32.

Keras keeps the learning rate in a float32 variable and takes every Python number through float32; the optimizers of
tf.compat.v1 make float32 tensors of theirs. A rate of 0.1 is 0.10000000149, so that float64 training is right to eight
digits. The optimizers of tf.compat.v1 take a numpy.float64.

Declared as:
sgd_momentum: keras.optimizers.SGD (float64 weights, momentum a Python number)
sgd_momentum: tf.compat.v1.train.MomentumOptimizer (float64 weights, momentum a Python number)
"""

import sys

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1.train
gradient = tf.constant([1.0], tf.float64)


def keras_step(optimizer):
    weight = tf.Variable(np.zeros(1))
    optimizer.apply([gradient], [weight])
    return weight


def v1_step(optimizer):
    weight = tf.Variable(np.zeros(1))
    optimizer.apply_gradients([(gradient, weight)])
    return weight


found = {
    "keras.optimizers.SGD(0.1)": keras_step(tf.keras.optimizers.SGD(0.1)),
    "keras.optimizers.SGD(0.1, momentum=0.9)": keras_step(tf.keras.optimizers.SGD(0.1, momentum=0.9)),
    "GradientDescentOptimizer(0.1)": v1_step(v1.GradientDescentOptimizer(0.1)),
    "MomentumOptimizer(0.1, 0.9)": v1_step(v1.MomentumOptimizer(0.1, 0.9)),
    "MomentumOptimizer(float64(0.1), float64(0.9))": v1_step(v1.MomentumOptimizer(np.float64(0.1), np.float64(0.9))),
}

print(f"tensorflow {tf.__version__}, float64; one step along a gradient of 1, -0.1 is right")
errors = []
for name, weight in found.items():
    errors.append(abs(float(weight[0]) + 0.1))
    print(f"{name}: {float(weight[0])!r}, error {errors[-1]:.1e}")
sys.exit(0 if max(errors) > 1e-12 else "no longer wrong")
