"""Each function has one public name."""

from parity.gate.used import canonical


def test_public_names():
    assert canonical("tensorflow._api.v2.nn.relu") == "tf.nn.relu"
    assert canonical("tf_keras.api._v1.keras.layers.LSTM") == "tf.compat.v1.keras.layers.LSTM"
    assert canonical("kerasx.layers") == "kerasx.layers"
