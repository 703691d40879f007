"""TensorFlow: depthwise_conv2d with a stride and a dilation gives values of other positions, without an error.

Dilation is done by splitting the image into interleaved parts, and the stride is then taken within each part, so that
the results belong to other pixels; with VALID there can be more of them, too. The documentation asks for a stride of 1
with a dilation, and nothing checks it. Calling with stride 1 and slicing gives the right values.

Declared as:
strided_dilated_depthwise_conv2d: tf.nn.depthwise_conv2d
"""

import sys

import numpy as np
import tensorflow as tf

STRIDE = DILATION = 2
height = width = 8
x = np.arange(height * width, dtype=np.float64).reshape(1, height, width, 1)
kernel = np.array([[1.0, 10.0], [100.0, 1000.0]]).reshape(2, 2, 1, 1)

rows = (height - DILATION - 1) // STRIDE + 1
truth = np.zeros((1, rows, rows, 1))
for p in range(rows):
    for q in range(rows):
        for k in range(2):
            for m in range(2):
                truth[0, p, q, 0] += x[0, p * STRIDE + k * DILATION, q * STRIDE + m * DILATION, 0] * kernel[k, m, 0, 0]

y = tf.nn.depthwise_conv2d(x, kernel, (1, STRIDE, STRIDE, 1), "VALID", dilations=(DILATION, DILATION)).numpy()
sliced = tf.nn.depthwise_conv2d(x, kernel, (1, 1, 1, 1), "VALID", dilations=(DILATION, DILATION)).numpy()
sliced = sliced[:, ::STRIDE, ::STRIDE]

print(f"tensorflow {tf.__version__}, VALID, stride {STRIDE}, dilation {DILATION}, image {height} x {width}")
print(f"the sum written out:\n{truth[0, :, :, 0]}")
print(f"tf.nn.depthwise_conv2d, of shape {y.shape} where {truth.shape} is right:\n{y[0, :, :, 0]}")
wrong = y.shape != truth.shape or np.abs(y - truth).max() > 1e-9
if y.shape == truth.shape:
    print(f"largest error {np.abs(y - truth).max():.3g} (largest true value {truth.max():.3g})")
print(f"stride 1, then sliced: largest error {np.abs(sliced - truth).max():.3g}")
sys.exit(0 if wrong else "no longer wrong")
