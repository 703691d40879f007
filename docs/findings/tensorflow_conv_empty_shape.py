"""TensorFlow: a float32 convolution with an empty result gives it the shape of the input, and memory nothing wrote.

With oneDNN, the default on x86 CPUs with AVX-512 VNNI or AMX, convolutions of an empty batch, or with a kernel one row
larger than the image, return a tensor of the input's shape. In the second case that is not empty, and holds what was in
memory before. Other formats, and TF_ENABLE_ONEDNN_OPTS=0, give the right shape.

Declared as:
empty_conv2d: tf.nn.conv2d (an empty batch)
empty_conv2d: keras.layers.Conv2D (an empty batch)
convolution_of_too_few_rows: tf.nn.conv2d (a kernel of one row too many)
"""

import os
import sys

import numpy as np

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
import tensorflow as tf

found = {
    "an empty batch": ((0, 7, 6, 2), (3, 4, 2, 5), (0, 5, 3, 5)),
    "a kernel one row larger than the image": ((2, 4, 6, 3), (5, 2, 3, 5), (2, 0, 5, 5)),
}

print(f"tensorflow {tf.__version__}, VALID")
wrong = []
for what, (image, kernel, truth) in found.items():
    for dtype in (np.float64, np.float32):
        shape = tuple(tf.nn.conv2d(tf.zeros(image, dtype), tf.zeros(kernel, dtype), 1, "VALID").shape)
        print(f"tf.nn.conv2d, {np.dtype(dtype).name}, {what}, {image}: shape {shape}, where {truth} is right")
        wrong.append(shape != truth)
try:
    shape = tuple(tf.keras.layers.Conv2D(5, (3, 4))(tf.zeros((0, 7, 6, 2))).shape)
    print(f"keras.layers.Conv2D of an empty batch: shape {shape}")
except tf.errors.InvalidArgumentError as error:
    print(f"keras.layers.Conv2D of an empty batch: {str(error).partition(' [Op')[0].rpartition('}} ')[2]}")
sys.exit(0 if any(wrong) else "no longer wrong")
