"""Boxes around a relative centre were scaled with height and width exchanged up to Keras 3.12.

https://github.com/keras-team/keras/pull/22806
"""

from parity import Case, buffer, uniform

relative_boxes = Case(
    "relative_boxes",
    "From the relative centre and size of boxes to their corners, in an image of 10 x 20.",
    sizes=dict(N=5, B=4),
    inputs=dict(x=uniform("N B", 0.1, 0.9)),
    outputs=dict(y=buffer("N B")),
    dtypes=["float32"],
)


@relative_boxes.reference
def _(np, x):
    low, high = x[:, :2] - x[:, 2:] / 2, x[:, :2] + x[:, 2:] / 2
    return np.concatenate([low, high], axis=1) * np.array([20.0, 10.0, 20.0, 10.0])


@relative_boxes.tensorflow("keras.utils.bounding_boxes.convert_format")
def _(tf, x):
    return tf.keras.utils.bounding_boxes.convert_format(x, "rel_center_xywh", "xyxy", height=10, width=20)


@relative_boxes.torch("torch.cat")
def _(torch, x):
    low, high = x[:, :2] - x[:, 2:] / 2, x[:, :2] + x[:, 2:] / 2
    return torch.cat([low, high], 1) * torch.tensor([20.0, 10.0, 20.0, 10.0])
