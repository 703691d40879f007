"""TensorFlow: the tails of silu, mish and gelu vanish in 16-bit formats.

They are put together from operations in the format itself. In float16 sigmoid(x) and softplus(x) are denormal below
-9.7 and zero below -17, so that x times them has few digits or none, where the result could be represented. gelu with
approximate=True rounds 1 + tanh(...) to 16 bits: it is 0 below -3.6 in float16 and below -3.1 in bfloat16, where the
truth is -0.0004 and -0.0017. PyTorch computes these functions in float32.

Declared as:
every_silu: tf.nn.silu
every_mish: keras.activations.mish
every_gelu_tanh: tf.nn.gelu
"""

import math
import sys

import tensorflow as tf

print(f"tensorflow {tf.__version__}, float16")
wrong = []
for name, function, number in (
    ("silu", tf.nn.silu, -17.34),
    ("mish", tf.keras.activations.mish, -17.34),
    ("gelu", lambda x: tf.nn.gelu(x, approximate=True), -3.6),
):
    x = tf.constant([number], tf.float16)
    exact = float(x[0])
    angle = -2 * math.sqrt(2 / math.pi) * (exact + 0.044715 * exact**3) if name == "gelu" else -exact
    found, truth = float(function(x)[0]), exact / (1 + math.exp(angle))
    wrong.append(abs(found / truth - 1) > 0.1)
    print(f"{name}({number}): {found:.3g}, truth {truth:.3g}")
sys.exit(0 if all(wrong) else "no longer wrong")
