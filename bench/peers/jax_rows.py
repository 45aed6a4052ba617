"""Rows in JAX: each is one jitted function, a training step with its update included."""
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

random = np.random.default_rng(0)
wait = jax.block_until_ready


def array(*shape):
    return jnp.asarray((random.random(shape) - 0.5) * 0.1, jnp.float32)


def integers(high, *shape):
    return jnp.asarray(random.integers(0, high, shape), jnp.int32)


def zeros_like(tree):
    return jax.tree.map(jnp.zeros_like, tree)


def cross_entropy(logits, classes):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), classes[:, None], 1))


def sgd(rate, momentum=0.0, decay=0.0):
    def update(params, grads, buffers):
        buffers = jax.tree.map(lambda b, p, g: momentum * b + g + decay * p, buffers, params, grads)
        return jax.tree.map(lambda p, b: p - rate * b, params, buffers), buffers

    return update


def adam(rate, decay=0.0):
    def update(params, grads, state):
        t, m, v = state
        t = t + 1
        m = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, m, grads)
        v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, v, grads)

        def new(p, m, v):
            step = (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)
            return p * (1 - rate * decay) - rate * step

        return jax.tree.map(new, params, m, v), (t, m, v)

    return update


def adam_state(params):
    return 0, zeros_like(params), zeros_like(params)


def train(median_us, net, params, update, state, x, y):
    def loss(params, x, y):
        return cross_entropy(net(params, x), y)

    jitted = jax.jit(lambda p, s, x, y: update(p, jax.grad(loss)(p, x, y), s), donate_argnums=(0, 1))
    now = [params, state]

    def step():
        now[:] = jitted(*now, x, y)
        return now[0]

    return median_us(step, wait)


def conv(x, w, stride=1):
    """Images [N, H, W, C], weights [K, K, in, out]."""
    pad = [(w.shape[0] // 2,) * 2] * 2
    return lax.conv_general_dilated(x, w, (stride, stride), pad, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def max_pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def linear(x, layer):
    return x @ layer[0] + layer[1]


def linear_params(inputs, outputs):
    return array(inputs, outputs), array(outputs)


def digits(median_us):
    params = {"conv": array(3, 3, 1, 4), "bias": array(4), "hidden": linear_params(64, 32), "out": linear_params(32, 10)}

    def net(p, x):
        x = max_pool(jax.nn.relu(conv(x, p["conv"]) + p["bias"])).reshape(64, 64)
        return linear(jax.nn.relu(linear(x, p["hidden"])), p["out"])

    return train(median_us, net, params, sgd(0.2), zeros_like(params), array(64, 8, 8, 1), integers(10, 64))


def scalar_chain(median_us):
    def chain(x):
        y = x
        for _ in range(1000):
            y = y * x
        return y[0]

    both = jax.jit(jax.grad(chain))
    x = jnp.ones(1)
    return median_us(lambda: both(x), wait)


def mlp(median_us):
    params = [linear_params(784, 512), linear_params(512, 256), linear_params(256, 10)]

    def net(p, x):
        for layer in p[:-1]:
            x = jax.nn.relu(linear(x, layer))
        return linear(x, p[-1])

    return train(median_us, net, params, adam(1e-3), adam_state(params), array(128, 784), integers(10, 128))


def batch_norm(x, scale_and_shift):
    mean = x.mean((0, 1, 2))
    variance = ((x - mean) ** 2).mean((0, 1, 2))
    return (x - mean) * lax.rsqrt(variance + 1e-5) * scale_and_shift[0] + scale_and_shift[1]


def block_params(inputs, outputs, stride):
    norm = lambda: (jnp.ones(outputs), jnp.zeros(outputs))
    block = {"conv1": array(3, 3, inputs, outputs), "norm1": norm(), "conv2": array(3, 3, outputs, outputs), "norm2": norm()}
    if stride != 1 or inputs != outputs:
        block |= {"around": array(1, 1, inputs, outputs), "norm3": norm()}
    return block


def resnet18(median_us):
    params = {"conv": array(3, 3, 3, 64), "norm": (jnp.ones(64), jnp.zeros(64)), "out": linear_params(512, 10), "blocks": []}
    strides, width = [], 64
    for stage in range(4):
        for block in range(2):
            strides.append(2 if stage and not block else 1)
            params["blocks"].append(block_params(width, 64 << stage, strides[-1]))
            width = 64 << stage

    def net(p, x):
        x = jax.nn.relu(batch_norm(conv(x, p["conv"]), p["norm"]))
        for b, stride in zip(p["blocks"], strides):
            y = jax.nn.relu(batch_norm(conv(x, b["conv1"], stride), b["norm1"]))
            y = batch_norm(conv(y, b["conv2"]), b["norm2"])
            x = jax.nn.relu(y + (batch_norm(conv(x, b["around"], stride), b["norm3"]) if "around" in b else x))
        return linear(x.mean((1, 2)), p["out"])

    update = sgd(0.1, momentum=0.9, decay=5e-4)
    return train(median_us, net, params, update, zeros_like(params), array(16, 32, 32, 3), integers(10, 16))


def fashion(median_us):
    params = {"conv1": array(3, 3, 1, 32), "bias1": array(32), "conv2": array(3, 3, 32, 64), "bias2": array(64),
              "hidden": linear_params(3136, 128), "out": linear_params(128, 10)}

    def net(p, x):
        x = max_pool(jax.nn.relu(conv(x, p["conv1"]) + p["bias1"]))
        x = max_pool(jax.nn.relu(conv(x, p["conv2"]) + p["bias2"])).reshape(64, 3136)
        return linear(jax.nn.relu(linear(x, p["hidden"])), p["out"])

    return train(median_us, net, params, adam(1e-3), adam_state(params), array(64, 28, 28, 1), integers(10, 64))


def layer_norm(x, scale_and_shift):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-5) * scale_and_shift[0] + scale_and_shift[1]


def gpt(median_us, depth=4, width=128, heads=4, time=64, vocabulary=65, batch=8):
    norm = lambda: (jnp.ones(width), jnp.zeros(width))
    block = lambda: {"norm1": norm(), "norm2": norm(), "qkv": linear_params(width, 3 * width),
                     "out": linear_params(width, width), "wide": linear_params(width, 4 * width),
                     "narrow": linear_params(4 * width, width)}
    params = {"tokens": array(vocabulary, width), "positions": array(time, width), "last": norm(),
              "head": linear_params(width, vocabulary), "blocks": [block() for _ in range(depth)]}
    allowed = jnp.tril(jnp.ones((time, time), bool))

    def attention(b, x):
        split = lambda t: t.reshape(batch, time, heads, width // heads).transpose(0, 2, 1, 3)
        q, k, v = (split(t) for t in jnp.split(linear(x, b["qkv"]), 3, 2))
        scores = q @ k.transpose(0, 1, 3, 2) / (width // heads) ** 0.5
        weights = jax.nn.softmax(jnp.where(allowed, scores, -1e9))
        return linear((weights @ v).transpose(0, 2, 1, 3).reshape(batch, time, width), b["out"])

    def net(p, index):
        x = p["tokens"][index] + p["positions"]
        for b in p["blocks"]:
            x = x + attention(b, layer_norm(x, b["norm1"]))
            wide = jax.nn.gelu(linear(layer_norm(x, b["norm2"]), b["wide"]), approximate=False)
            x = x + linear(wide, b["narrow"])
        return linear(layer_norm(x, p["last"]), p["head"]).reshape(-1, vocabulary)

    x, y = integers(vocabulary, batch, time), integers(vocabulary, batch * time)
    return train(median_us, net, params, adam(1e-3, 1e-2), adam_state(params), x, y)


def lstm(median_us, time=64, batch=32, inputs=128, width=256):
    params = {"input": array(inputs, 4 * width), "hidden": array(width, 4 * width), "bias": array(4 * width)}
    x = array(time, batch, inputs)

    def total(p):
        def cell(carry, step):
            h, c = carry
            i, f, g, o = jnp.split(step + h @ p["hidden"], 4, 1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        start = jnp.zeros((batch, width)), jnp.zeros((batch, width))
        return lax.scan(cell, start, x @ p["input"] + p["bias"])[1].sum()

    both = jax.jit(jax.grad(total))
    return median_us(lambda: both(params), wait)


def gelu_chain(median_us):
    a = array(10**6)
    both = jax.jit(jax.grad(lambda a: jnp.tanh(jax.nn.gelu(a, approximate=False) * a + a).sum()))
    return median_us(lambda: both(a), wait)


def add(median_us):
    a, b = array(10**7), array(10**7)
    call = jax.jit(lambda a, b: a + b)
    return median_us(lambda: call(a, b), wait)


def matmul(median_us):
    a, b = array(1024, 1024), array(1024, 1024)
    call = jax.jit(lambda a, b: a @ b)
    return median_us(lambda: call(a, b), wait)


def conv_forward(median_us):
    x, w = array(32, 32, 32, 64), array(3, 3, 64, 64)
    call = jax.jit(conv)
    return median_us(lambda: call(x, w), wait)


rows = {
    "digits_cnn_step_b64": digits,
    "scalar_chain_1000_fwd_bwd": scalar_chain,
    "mlp_784_512_256_10_adam_b128": mlp,
    "resnet18_cifar_sgd_b16": resnet18,
    "fashion_cnn_adam_b64": fashion,
    "gpt_l4_d128_t64_adamw_b8": gpt,
    "lstm_h256_t64_b32": lstm,
    "gelu_chain_1e6_fwd_bwd": gelu_chain,
    "add_1e7": add,
    "matmul_1024": matmul,
    "conv_64x32x32_3x3_fwd": conv_forward,
}
