"""TensorFlow: Keras's hard_tanh has a gradient at its bounds, -1 and 1, unlike relu6 and hard_sigmoid.

The function has a kink at each bound, where 0 and 1 are both one-sided derivatives. relu6 and hard_sigmoid take 0 at
their bounds, and so does PyTorch's hardtanh. Keras's hard_tanh is a clip, whose bounds count as inside: its gradient is
1, and a unit that is saturated at exactly 1 goes on learning.

Declared as:
kinks_of_hardtanh: keras.activations.hard_tanh
"""

import sys

import numpy as np
import tensorflow as tf

calls = {
    "keras.activations.hard_tanh": (tf.keras.activations.hard_tanh, [-1.0, 1.0]),
    "keras.activations.hard_sigmoid": (tf.keras.activations.hard_sigmoid, [-3.0, 3.0]),
    "keras.activations.relu6": (tf.keras.activations.relu6, [0.0, 6.0]),
    "tf.nn.relu6": (tf.nn.relu6, [0.0, 6.0]),
}

print(f"tensorflow {tf.__version__}; 0 is the gradient of other activations at their bounds")
gradients = {}
for name, (call, bounds) in calls.items():
    x = tf.constant(bounds)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = call(x)
    gradients[name] = tape.gradient(y, x).numpy()
    print(f"{name} at its bounds {bounds}: {gradients[name]}")
sys.exit(0 if np.any(gradients["keras.activations.hard_tanh"]) else "no longer wrong")
