"""A small network that tells the labels of images: what a user of the images would train, at the least."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

LABEL_BATCH = 128
IMAGES_SHOWN = 60_000  # images shown in all, over the epochs
EPOCH_LIMITS = 4, 40
LARGE = 64  # pixels of a side beyond which images are halved first
LEARNING_RATE = 4e-3


class Judge(nn.Module):
    """Three convolutions and two layers: images uint8 [n, H, W, C] -> logits [n, classes]."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.AvgPool2d(2)] if min(shape[:2]) > LARGE else []
        for c, d in ((shape[2], 32), (32, 64), (64, 64)):
            layers += [nn.Conv2d(c, d, 3, padding=1), nn.BatchNorm2d(d), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] if d == 64 or min(shape[:2]) > 12 else []
        self.body = nn.Sequential(
            *layers, nn.AdaptiveAvgPool2d(min(4, min(shape[:2]) // 4)), nn.Flatten(), nn.LazyLinear(128), nn.ReLU()
        )
        self.head = nn.Linear(128, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))

    @torch.no_grad()
    def guess(self, pixels: np.ndarray) -> np.ndarray:
        """The likeliest class of each image: int64 [n]."""
        return self.probabilities(pixels).argmax(1)

    @torch.no_grad()
    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """The probability of each class for each image: float32 [n, classes]."""
        parts = [self(_tensor(pixels[at : at + 1000])).softmax(1).numpy() for at in range(0, len(pixels), 1000)]
        return np.concatenate([np.zeros((0, self.head.out_features), np.float32), *parts])


def _tensor(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1


def train(
    pixels: np.ndarray,
    labels: np.ndarray,
    classes: int,
    seed: int,
    *,
    weight: np.ndarray | None = None,
    updates: int | None = None,
    batch: int = LABEL_BATCH,
) -> Judge:
    """Train on images uint8 [n, H, W, C], codes [n] and weights [n] or None, over one cycle of the learning rate.

    As many epochs as IMAGES_SHOWN images make, or as `updates` of the weights take.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net, x, y = Judge(pixels.shape[1:], classes), _tensor(pixels), torch.from_numpy(labels)
        net(x[:2].expand(2, -1, -1, -1))  # settles the lazy layer
        w = torch.ones(len(x)) if weight is None else torch.from_numpy(weight / weight.mean()).float()
        batches = math.ceil(len(x) / batch)
        epochs = math.ceil(updates / batches) if updates else int(np.clip(IMAGES_SHOWN // len(x), *EPOCH_LIMITS))
        optimizer = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=epochs * batches)
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).chunk(batches):
                loss = (w[rows] * nn.functional.cross_entropy(net(x[rows]), y[rows], reduction="none")).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
    return net.eval()
