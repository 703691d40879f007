"""One step of gradient descent in each framework: the loss before it and after it, and the weights."""

RATE = 0.5


def formula(np, loss, weights, frozen=()):
    """``loss`` is a function of the weights by name, of which those in ``frozen`` stay as they are."""
    from autograd import make_vjp

    trained = {name: weight for name, weight in weights.items() if name not in frozen}
    back, before = make_vjp(lambda trained: loss({**weights, **trained}))(trained)
    gradients = back(np.ones_like(before))
    moved = {**weights, **{name: weight - RATE * gradients[name] for name, weight in trained.items()}}
    return before, loss(moved), *moved.values()


def torch_step(torch, model, loss, capture):
    """The losses; ``loss`` is a function without arguments, captured as people do: without the way back."""
    loss = capture(loss)
    with torch.enable_grad():
        optimizer = torch.optim.SGD([weight for weight in model.parameters() if weight.requires_grad], RATE)
        before = loss()
        before.backward()
        optimizer.step()
        return before.detach(), loss().detach()


def tensorflow_step(tf, model, loss, capture):
    """The losses; ``loss`` is a function without arguments, captured together with the step."""
    optimizer = tf.keras.optimizers.SGD(RATE)
    optimizer.build(model.trainable_variables)

    def step():
        with tf.GradientTape() as tape:
            before = loss()
        optimizer.apply(tape.gradient(before, model.trainable_variables), model.trainable_variables)
        return before

    return capture(step)(), capture(loss)()
