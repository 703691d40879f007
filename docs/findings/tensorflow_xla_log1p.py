"""TensorFlow: compiled by XLA, log1p in float64 is off by more than a hundred units of rounding.

On a CPU, between about -0.42 and -0.37. Eagerly the error stays below four units, and in float32 it is small in both.

Declared as:
binary_cross_entropy: tf.math.log
"""

import sys

import numpy as np
import tensorflow as tf

x = np.linspace(-0.5, -0.3, 20_001)
truth = np.log1p(x.astype(np.longdouble))

print(f"tensorflow {tf.__version__}; largest relative error in units of rounding")
errors = {}
for name, jit in (("eagerly", None), ("compiled", True)):
    log1p = tf.math.log1p if jit is None else tf.function(tf.math.log1p, jit_compile=True)
    found = log1p(tf.constant(x)).numpy()
    errors[name] = float(np.max(np.abs((found - truth) / truth)) / 2.0**-53)
    print(f"tf.math.log1p, {name}: {errors[name]:.3g}")
sys.exit(0 if errors["compiled"] > 16 else "no longer wrong")
