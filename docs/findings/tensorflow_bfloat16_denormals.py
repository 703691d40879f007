"""TensorFlow: denormal numbers are taken for zero on a CPU, in float64, float32 and bfloat16.

TensorFlow's CPU threads take float32 numbers below 2**-126 and float64 numbers below 2**-1022 for zero, as inputs and
as results; bfloat16 is computed in float32. So sign(x) is x itself, relu(x) is 0, log(x) is minus infinity, 1/x is
infinite, and the derivative of abs is 0. In bfloat16 this concerns 127 positive numbers and 127 negative ones. PyTorch
and NumPy keep denormal numbers. In float16 nothing goes wrong: its denormal numbers are normal ones of float32.

A kernel takes several elements at a time. The elements left over at the end of a tensor go another way, and there some
functions keep denormal numbers, such as log in float32: its result depends on the place in the tensor.

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
extremes_of_log: tf.math.log
extremes_of_log2: keras.ops.log2
extremes_of_log10: keras.ops.log10
extremes_of_sqrt: tf.sqrt
extremes_of_rsqrt: tf.math.rsqrt
extremes_of_reciprocal: tf.math.reciprocal
extremes_of_sign: tf.sign
extremes_of_floor: tf.floor
extremes_of_ceil: tf.math.ceil
extremes_of_relu: tf.nn.relu
extremes_of_relu: keras.activations.relu
extremes_of_relu6: tf.nn.relu6
extremes_of_relu6: keras.activations.relu6
extremes_of_hardtanh: keras.activations.hard_tanh
extremes_of_clip: tf.clip_by_value
extremes_of_clip: keras.ops.clip
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

wrong = [float(results["sign(x), truth 1"][0]) != 1]
for dtype, power, logarithm in ((tf.float64, -1023, -709), (tf.float32, -127, -88)):
    x = tf.constant([2.0**power] * 71, dtype)
    log = tf.math.log(x)
    sign, relu, root = (float(function(x)[0]) for function in (tf.sign, tf.nn.relu, tf.sqrt))
    print(f"x = 2**{power} in {dtype.name}, 71 times")
    print(f"sign {sign:.3g}, truth 1; relu {relu:.3g}, truth {2.0**power:.3g}")
    print(f"sqrt {root:.3g}, truth {2 ** (power / 2):.3g}")
    print(f"log {float(log[0]):.3g}, truth {logarithm}; the last of them: {float(log[-1]):.3g}")
    wrong.append(sign != 1)
sys.exit(0 if any(wrong) else "no longer wrong")
