"""Rows in PyTorch with torch.compile: the forward pass with its loss is compiled, and the optimiser's step."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(2)
torch.manual_seed(0)


def train(median_us, net, optimizer, x, y, last=None):
    """A training step; `last` is the number of classes where the net's output has more dimensions than two."""

    @torch.compile
    def loss():
        out = net(x)
        return F.cross_entropy(out.view(-1, last) if last else out, y)

    update = torch.compile(optimizer.step)

    def step():
        optimizer.zero_grad()
        loss().backward()
        update()

    return median_us(step)


def labels(n):
    return torch.randint(0, 10, (n,))


class Digits(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.hidden, self.out = nn.Conv2d(1, 4, 3, padding=1), nn.Linear(64, 32), nn.Linear(32, 10)

    def forward(self, x):
        return self.out(F.relu(self.hidden(F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1))))


def digits(median_us):
    net = Digits()
    return train(median_us, net, torch.optim.SGD(net.parameters(), 0.2), torch.rand(64, 1, 8, 8), labels(64))


def scalar_chain(median_us):
    x = torch.ones(1, requires_grad=True)

    @torch.compile
    def chain(x):
        y = x
        for _ in range(1000):
            y = y * x
        return y

    def both():
        x.grad = None
        chain(x).backward()

    return median_us(both)


def mlp(median_us):
    net = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
    return train(median_us, net, torch.optim.Adam(net.parameters(), 1e-3), torch.rand(128, 784), labels(128))


def conv(inputs, outputs, kernel, stride):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.norm1 = conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.norm2 = conv(outputs, outputs, 3, 1), nn.BatchNorm2d(outputs)
        around = stride != 1 or inputs != outputs
        self.skip = nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)) if around else nn.Identity()

    def forward(self, x):
        return F.relu(self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x))))) + self.skip(x))


def resnet18(median_us):
    layers, width = [conv(3, 64, 3, 1), nn.BatchNorm2d(64), nn.ReLU()], 64
    for stage in range(4):
        for block in range(2):
            layers.append(Block(width, 64 << stage, 2 if stage and not block else 1))
            width = 64 << stage
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))
    net = net.to(memory_format=torch.channels_last)
    x = torch.rand(16, 3, 32, 32).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=5e-4)
    return train(median_us, net, optimizer, x, labels(16))


def fashion(median_us):
    net = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))
    return train(median_us, net, torch.optim.Adam(net.parameters(), 1e-3), torch.rand(64, 1, 28, 28), labels(64))


class TransformerBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def attention(self, x, mask):
        batch, time, width = x.shape
        each = width // self.heads
        q, k, v = (t.view(batch, time, self.heads, each).transpose(1, 2) for t in self.qkv(x).chunk(3, 2))
        scores = q.matmul(k.transpose(-2, -1)) / math.sqrt(each)
        weights = scores.masked_fill(mask, -1e9).softmax(-1)
        return self.out(weights.matmul(v).transpose(1, 2).contiguous().view(batch, time, width))

    def forward(self, x, mask):
        x = x + self.attention(self.norm1(x), mask)
        return x + self.narrow(F.gelu(self.wide(self.norm2(x))))


class Gpt(nn.Module):
    def __init__(self, depth, width, heads, time, vocabulary):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(time, width)
        self.blocks = nn.ModuleList(TransformerBlock(width, heads) for _ in range(depth))
        self.last, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary)
        self.mask = torch.ones(time, time).triu(1).bool()

    def forward(self, index):
        x = self.tokens(index) + self.positions(torch.arange(index.size(1)))
        for block in self.blocks:
            x = block(x, self.mask)
        return self.head(self.last(x))


def gpt(median_us):
    net = Gpt(4, 128, 4, 64, 65)
    x, y = torch.randint(0, 65, (8, 64)), torch.randint(0, 65, (8 * 64,))
    return train(median_us, net, torch.optim.AdamW(net.parameters(), 1e-3), x, y, last=65)


def gelu_chain(median_us):
    a = torch.rand(1000000, requires_grad=True)
    loss = torch.compile(lambda a: (F.gelu(a) * a + a).tanh().sum())

    def both():
        a.grad = None
        loss(a).backward()

    return median_us(both)


def add(median_us):
    a, b = torch.rand(10**7), torch.rand(10**7)
    return median_us(torch.compile(lambda: a + b))


def matmul(median_us):
    a, b = torch.rand(1024, 1024), torch.rand(1024, 1024)
    return median_us(torch.compile(lambda: a @ b))


def conv_forward(median_us):
    x, w = torch.rand(32, 64, 32, 32), torch.rand(64, 64, 3, 3)
    x, w = (t.to(memory_format=torch.channels_last) for t in (x, w))
    call = torch.compile(lambda x, w: F.conv2d(x, w, padding=1))

    def touched():
        w[0, 0, 0, 0] += 1e-6
        return call(x, w)

    with torch.no_grad():
        return median_us(touched)


rows = {
    "digits_cnn_step_b64": digits,
    "scalar_chain_1000_fwd_bwd": scalar_chain,
    "mlp_784_512_256_10_adam_b128": mlp,
    "resnet18_cifar_sgd_b16": resnet18,
    "fashion_cnn_adam_b64": fashion,
    "gpt_l4_d128_t64_adamw_b8": gpt,
    "gelu_chain_1e6_fwd_bwd": gelu_chain,
    "add_1e7": add,
    "matmul_1024": matmul,
    "conv_64x32x32_3x3_fwd": conv_forward,
}
