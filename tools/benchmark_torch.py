"""Measure training steps a second of dcgan2_64 here and in PyTorch: the same networks, losses, optimiser and batch.

    pip install torch        # or name another environment's Python that has it: --torch-python PATH
    python tools/benchmark_torch.py

The two take turns in processes of their own, each in bfloat16 and on all cores; PyTorch's pictures are channels last.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

BATCH, SIZE, ATTRIBUTES, WARM_UP = 32, 64, 5, 20


def keras_step():
    """A function that trains one step of dcgan2_64."""
    import numpy as np
    import tensorflow as tf

    import facegen_keras as fg

    recipe = fg.RECIPES["dcgan2_64"].override(dtype_policy="mixed_bfloat16", batch_size=BATCH)
    gan = recipe.build()
    rng = np.random.default_rng(0)
    images = rng.random((BATCH, SIZE, SIZE, 3), np.float32)
    attributes = rng.integers(0, 2, (BATCH, ATTRIBUTES)).astype(np.float32)
    faces = iter(tf.data.Dataset.from_tensors((images, attributes)).repeat())
    gan.make_train_function()
    return lambda: gan.train_function(faces)


def torch_step():
    """The same in PyTorch, from the summary of its layers in docs/results/dcgan2_64.md."""
    import torch
    from torch import nn
    from torch.nn import functional

    def conv(inputs, filters):
        return nn.Conv2d(inputs, filters, 4, 2, 1)

    def deconv(inputs, filters):
        return nn.ConvTranspose2d(inputs, filters, 4, 2, 1)

    start = SIZE // 8
    generator = nn.Sequential(
        *[nn.Linear(100 + ATTRIBUTES, start * start * 128), nn.Unflatten(1, (128, start, start))],
        *[nn.BatchNorm2d(128), nn.LeakyReLU(0.2), deconv(128, 64), nn.BatchNorm2d(64), nn.LeakyReLU(0.2)],
        *[deconv(64, 32), nn.BatchNorm2d(32), nn.LeakyReLU(0.2), deconv(32, 3), nn.Sigmoid()],
    ).to(memory_format=torch.channels_last)
    discriminator = nn.Sequential(
        *[conv(3 + ATTRIBUTES, 32), nn.LeakyReLU(0.2), conv(32, 64), nn.BatchNorm2d(64), nn.LeakyReLU(0.2)],
        *[conv(64, 128), nn.BatchNorm2d(128), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(start * start * 128, 1)],
    ).to(memory_format=torch.channels_last)
    optimizers = [
        torch.optim.RMSprop(of.parameters(), 2e-4, alpha=0.9, eps=1e-7, foreach=True)
        for of in (discriminator, generator)
    ]
    images = torch.rand(BATCH, 3, SIZE, SIZE).to(memory_format=torch.channels_last)
    attributes = torch.randint(0, 2, (BATCH, ATTRIBUTES)).float()

    def judge(pictures, shown, label):
        cube = shown[:, :, None, None].expand(-1, -1, SIZE, SIZE)
        joined = torch.cat([pictures, cube], 1).contiguous(memory_format=torch.channels_last)
        logits = discriminator(joined).float()
        return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))

    def step():
        with torch.autocast("cpu", torch.bfloat16):
            fakes = generator(torch.cat([torch.randn(BATCH, 100), attributes], 1)).float()
            loss = judge(images, attributes, 1.0) + judge(fakes.detach(), attributes, 0.0)
            loss = loss + judge(images, 1 - attributes, 0.0)
        optimizers[0].zero_grad()
        loss.backward()
        optimizers[0].step()
        with torch.autocast("cpu", torch.bfloat16):
            loss = judge(fakes, attributes, 1.0)
        optimizers[1].zero_grad()
        loss.backward()
        optimizers[1].step()

    return step


def measure(step, seconds):
    """Steps per second of wall time, and per second of processor time, after a warm-up."""
    for _ in range(WARM_UP):
        step()
    start, processor_start, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - start < seconds:
        step()
        count += 1
    return count / (time.perf_counter() - start), count / (time.process_time() - processor_start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often the two take turns (default: 5)")
    parser.add_argument("--seconds", type=float, default=20, help="of measuring in each turn (default: 20)")
    parser.add_argument("--torch-python", default=sys.executable, help="the Python that has PyTorch")
    parser.add_argument("--only", choices=("keras", "torch"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        step = keras_step() if options.only == "keras" else torch_step()
        print(json.dumps(measure(step, options.seconds)))
        return
    ratios = []
    for _ in range(options.rounds):
        rates = {}
        for name, python in (("keras", sys.executable), ("torch", options.torch_python)):
            command = [python, __file__, "--only", name, "--seconds", str(options.seconds)]
            rates[name] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        ratios.append([ours / theirs for ours, theirs in zip(rates["keras"], rates["torch"])])
        (ours, _), (theirs, _) = rates["keras"], rates["torch"]
        print(f"dcgan2_64 {ours:.1f} steps/s, PyTorch {theirs:.1f} steps/s: {ratios[-1][0]:.2f} times", flush=True)
    by_wall, by_processor = (statistics.median(column) for column in zip(*ratios))
    print(f"Median: {by_wall:.2f} times as fast as PyTorch; {by_processor:.2f} times per second of processor time")


if __name__ == "__main__":
    main()
