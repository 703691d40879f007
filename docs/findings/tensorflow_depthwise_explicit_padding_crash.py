"""TensorFlow: depthwise_conv2d with explicit padding, then a bias, ends the process when it runs as a graph.

In a graph TensorFlow fuses the convolution and the addition of the bias into one operation for oneDNN, and forgets the
explicit padding on the way. As that operation's shape is inferred, a check of the forgotten padding fails: SIGABRT. Run
eagerly, without oneDNN (TF_ENABLE_ONEDNN_OPTS=0), without the fusion (the optimizer's remapping), compiled by XLA, or
with the padding added by tf.pad, the same call is right. The script runs each in a process of its own.

Declared as:
padded_depthwise_conv2d: tf.nn.depthwise_conv2d
"""

import multiprocessing
import os
import sys

PADDING = ((0, 0), (1, 1), (2, 2), (0, 0))
WAYS = {
    "eagerly": {},
    "as a graph": {"graph": True},
    "as a graph, without the fusion": {"graph": True, "remapping": False},
    "as a graph, without oneDNN": {"graph": True, "onednn": "0"},
    "as a graph, padded by tf.pad": {"graph": True, "pad": True},
    "compiled by XLA": {"graph": True, "xla": True},
}


def convolve(graph=False, remapping=True, onednn="1", pad=False, xla=None):
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = onednn
    import numpy as np
    import tensorflow as tf

    if not graph:
        print(f"tensorflow {tf.__version__}, explicit padding and a bias, float32", flush=True)
    tf.config.optimizer.set_experimental_options({"remapping": remapping})
    random = np.random.default_rng(0)
    x, kernel = (tf.constant(random.normal(size=shape), tf.float32) for shape in ((2, 8, 10, 3), (3, 3, 3, 1)))

    def biased(x):
        if pad:
            y = tf.nn.depthwise_conv2d(tf.pad(x, PADDING), kernel, (1, 1, 1, 1), "VALID")
        else:
            y = tf.nn.depthwise_conv2d(x, kernel, (1, 1, 1, 1), PADDING)
        return tf.nn.bias_add(y, tf.ones([3]))

    (tf.function(biased, jit_compile=xla) if graph else biased)(x)


if __name__ == "__main__":
    statuses = []
    for way, settings in WAYS.items():
        process = multiprocessing.get_context("spawn").Process(target=convolve, kwargs=settings)
        process.start()
        process.join()
        statuses.append(process.exitcode)
        print(f"{way}: {'done' if process.exitcode == 0 else f'died, exit status {process.exitcode}'}", flush=True)
    sys.exit(0 if any(statuses) else "no longer wrong")
