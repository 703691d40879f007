"""TensorFlow: gelu of float64 tensors is computed with constants rounded to float32.

tf.nn.gelu passes its constants (the square root of two; 0.044715 and the square root of two over pi) through float32,
so that float64 results are wrong from the eighth digit on. keras.activations.gelu calls the same function.

Declared as:
gelu: tf.nn.gelu
gelu: keras.activations.gelu
"""

import math
import sys

import numpy as np
import tensorflow as tf

x = np.linspace(-4.0, 4.0, 161)
exact = np.array([0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x])
approximate = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))

print(f"tensorflow {tf.__version__}, float64; rounding alone explains about {np.finfo(float).eps:.0e}")
errors = []
for name, call in (("tf.nn.gelu", tf.nn.gelu), ("keras.activations.gelu", tf.keras.activations.gelu)):
    for approximated, truth in ((False, exact), (True, approximate)):
        y = call(tf.constant(x), approximate=approximated)
        assert y.dtype == tf.float64
        errors.append(float(np.abs(y.numpy() - truth).max()))
        print(f"{name}(approximate={approximated}): largest error {errors[-1]:.1e}")
sys.exit(0 if min(errors) > 1e-12 else "no longer wrong")
