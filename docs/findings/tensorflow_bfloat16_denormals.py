"""TensorFlow: denormal bfloat16 numbers are taken for zero, on a CPU.

TensorFlow's CPU threads take float32 numbers below 2**-126 for zero, as inputs and as results, and bfloat16 is
computed in float32. So sign(x) is x itself, ceil(x) is 0, log(x) is minus infinity, 1/x is infinite, and the
derivative of abs is 0, for 127 positive numbers, and in the same way for 127 negative ones. PyTorch and NumPy keep
them. In float16 nothing goes wrong: its denormal numbers are normal ones of float32.

Declared as:
every_log: tf.math.log
every_sqrt: tf.sqrt
every_rsqrt: tf.math.rsqrt
every_reciprocal: tf.math.reciprocal
every_square: tf.square
every_cos: tf.cos
every_erf: tf.math.erf
every_abs: tf.abs
every_sign: tf.sign
every_floor: tf.floor
every_ceil: tf.math.ceil
every_relu: tf.nn.relu
every_relu6: tf.nn.relu6
every_leaky_relu: tf.nn.leaky_relu
every_selu: tf.math.expm1
"""

import sys

import tensorflow as tf

x = tf.bitcast(tf.constant([0x0040] * 64, tf.uint16), tf.bfloat16)
print(f"tensorflow {tf.__version__}, x = 2**-127 in bfloat16")
with tf.GradientTape(persistent=True) as tape:
    tape.watch(x)
    magnitude, kept = tf.abs(x), tf.nn.leaky_relu(x, 0.2)
results = {
    "log(x), truth -88": tf.math.log(x),
    "1 / x, truth 1.7e38": tf.math.reciprocal(x),
    "1 / sqrt(x), truth 1.3e19": tf.math.rsqrt(x),
    "sign(x), truth 1": tf.sign(x),
    "ceil(x), truth 1": tf.math.ceil(x),
    "derivative of abs, truth 1": tape.gradient(magnitude, x),
    "derivative of leaky_relu, truth 1": tape.gradient(kept, x),
}
for name, result in results.items():
    print(f"{name}: {float(result[0]):.3g}")
sys.exit(0 if float(results["sign(x), truth 1"][0]) != 1 else "no longer wrong")
