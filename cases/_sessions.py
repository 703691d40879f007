"""TensorFlow 1 code inside one call: a graph of its own, what a session needs, and arrays in and out.

    with own_graph(tf), tf.compat.v1.Session(config=session_config(tf)) as session:
        x = tf.compat.v1.placeholder(tf.float32, [None, 3])
        y = session.run(2 * x, feed_dict={x: given.numpy()})

The graph is the default one inside ``with`` only, so eager execution stays enabled, and ``with`` closes the session.
"""

from contextlib import contextmanager

EAGER_ONLY = "it builds a graph of its own and runs it in a session, which neither tf.function nor XLA can capture"


def own_graph(tf):
    """Make a new graph the default one. Its operations lie where eager ones would: on the item's device."""
    place = tf.zeros([]).device

    @contextmanager
    def default():
        with tf.Graph().as_default() as graph, tf.device(place):
            yield graph

    return default()


def session_config(tf):
    """The threads that eager execution has, and no more GPU memory than is needed, which is eager execution's, too.

    An operation without a kernel for the item's device may run on the CPU.
    """
    threading = tf.config.threading
    return tf.compat.v1.ConfigProto(
        allow_soft_placement=True,
        gpu_options=tf.compat.v1.GPUOptions(allow_growth=True),
        intra_op_parallelism_threads=threading.get_intra_op_parallelism_threads(),
        inter_op_parallelism_threads=threading.get_inter_op_parallelism_threads(),
    )


def load(tf, session, variables, values):
    """Assign eager tensors to variables of the session's graph, through placeholders: the graph keeps no copies."""
    assigned, feeds = [], {}
    for variable, value in zip(variables, values, strict=True):
        given = tf.compat.v1.placeholder(variable.dtype.base_dtype, variable.shape)
        assigned.append(tf.compat.v1.assign(variable, given))
        feeds[given] = value.numpy()
    session.run(assigned, feed_dict=feeds)
