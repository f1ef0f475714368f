"""Features of images by a network of the user's own: one ONNX file, read by onnxruntime on one thread, nothing
downloaded.

What the network expects is read from the file (float32 [N, C, H, W], C of 1 or 3) and, where there is one, from the
`preprocessor_config.json` beside it, as Hugging Face's libraries write it: image_mean and image_std of values in [0,
1], and the size where the file leaves it open. Without it, those of networks trained on ImageNet.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from launderette.evaluation.scores import EvaluationError

PREPARED = "preprocessor_config.json"
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, by channel
DEFAULT_SIDE = 224  # pixels, where neither file says
BATCH_IMAGES = 64
LEAST_FEATURES = 2  # features of an image


@dataclass(frozen=True, eq=False)
class Network:
    """Features by the network of a file: called on pixels uint8 [n, H, W, C] it returns float32 [n, d]. `digest` is
    of both files.
    """

    name: str
    digest: str
    shape: tuple[int, int, int]  # C, H, W
    batch: int  # images at once: as many as the file says, BATCH_IMAGES where it leaves them open
    mean: Tensor = field(repr=False)  # [C, 1, 1]
    deviation: Tensor = field(repr=False)  # [C, 1, 1]
    session: Any = field(repr=False)

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """EvaluationError for colour where it takes grey, and where it fails, or gives anything but finite features
        [n, d].
        """
        if pixels.shape[3] > self.shape[0]:
            raise EvaluationError(
                f"expected grey images for {self.name}, found images in colour; give a network of 3 channels"
            )
        parts = [self._run(pixels[at : at + self.batch]) for at in range(0, len(pixels), self.batch)]
        return np.concatenate(parts or [np.zeros((0, LEAST_FEATURES), np.float32)])

    def _run(self, pixels: np.ndarray) -> np.ndarray:
        x = self._prepared(pixels)
        given = torch.cat([x, x[:1].expand(self.batch - len(x), -1, -1, -1)]).numpy()
        found = self._asked(given)
        if found.ndim != 2 or found.shape[0] != self.batch or found.shape[1] < LEAST_FEATURES:
            raise EvaluationError(
                f"expected features [{self.batch}, {LEAST_FEATURES} or more] of {self.name}, found "
                f"{list(found.shape)}; "
                "export the network up to its last pooling, flattened"
            )
        if not np.isfinite(found).all():
            raise EvaluationError(
                f"expected finite features of {self.name}, found NaN or infinity; check its {PREPARED} and its weights"
            )
        return found[: len(x)].astype(np.float32)

    def _asked(self, given: np.ndarray) -> np.ndarray:
        try:
            return np.asarray(self.session.run([_output(self.session)], {self.session.get_inputs()[0].name: given})[0])
        except _errors():
            raise EvaluationError(
                f"expected {self.name} to take images {list(given.shape)}, found that it fails; check it"
            ) from None

    def _prepared(self, pixels: np.ndarray) -> Tensor:
        """Pixels uint8 [n, H, W, C] -> float32 [n, C', H', W'], resized with antialiasing and normalised."""
        x = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float().div(255).expand(-1, self.shape[0], -1, -1)
        x = interpolate(x, size=self.shape[1:], mode="bicubic", antialias=True, align_corners=False)
        return (x.clamp(0, 1) - self.mean) / self.deviation


def digest(path: str | Path) -> str:
    """Return the SHA-256 of a network's file and of the `preprocessor_config.json` beside it; EvaluationError where
    there is no file.
    """
    return _digest(*_bytes(Path(path)))


def _digest(network: bytes, prepared: bytes) -> str:
    return hashlib.sha256(network + prepared).hexdigest()


def _bytes(path: Path) -> tuple[bytes, bytes]:
    """Return the content of a network's file, and of what is said beside it (nothing where there is no such file)."""
    if not path.is_file():
        raise EvaluationError(f"expected an ONNX file at {path}, found none; check the path")
    beside = path.with_name(PREPARED)
    return path.read_bytes(), beside.read_bytes() if beside.is_file() else b""


def read(path: str | Path) -> Network:
    """Open a network; EvaluationError for a place without one, another kind of file, or one that does not take
    images.
    """
    path, ort = Path(path), _runtime()
    data, said = _bytes(path)
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # it would quote the file
    try:
        session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except _errors():
        raise EvaluationError(
            f"expected a whole ONNX file at {path}, found another one, or operators that are unknown here; "
            "export it again, weights included"
        ) from None
    return _network(path.name, _digest(data, said), session, _told(said, path.with_name(PREPARED)))


def _network(name: str, digest: str, session: Any, settings: dict[str, Any]) -> Network:
    inputs = session.get_inputs()
    shape = inputs[0].shape
    images = len(shape) == 4 and (shape[1] in (1, 3) or not isinstance(shape[1], int))
    if len(inputs) != 1 or inputs[0].type != "tensor(float)" or not images:
        found = ", ".join(f"{one.type} {one.shape}" for one in inputs)
        raise EvaluationError(
            f"expected a network with one input float32 [N, 1 or 3, H, W] in {name}, found {found}; export it "
            "with that input"
        )
    batch, c, *sides = (side if isinstance(side, int) and side > 0 else None for side in shape)
    c = c or 3
    height, width = (side or default for side, default in zip(sides, settings["size"], strict=True))
    mean, deviation = (torch.tensor((settings[key] * c)[:c]).view(-1, 1, 1) for key in ("mean", "deviation"))
    return Network(name, digest, (c, height, width), batch or BATCH_IMAGES, mean, deviation, session)


def _told(said: bytes, path: Path) -> dict[str, Any]:
    """What `preprocessor_config.json` says of mean, deviation and size; the defaults for what it leaves open."""
    try:
        document = json.loads(said or b"{}")
        mean, deviation = (
            [float(v) for v in document.get(key, usual)]
            for key, usual in (("image_mean", IMAGENET_MEAN), ("image_std", IMAGENET_DEVIATION))
        )
        crop = document.get("crop_size") or document.get("size") or DEFAULT_SIDE
        crop = crop if isinstance(crop, dict) else {"height": crop, "width": crop}
        size = [int(crop.get(side) or crop["shortest_edge"]) for side in ("height", "width")]
    except (ValueError, TypeError, KeyError, AttributeError):
        mean, deviation, size = [], [], []
    if {len(mean), len(deviation)} - {1, 3} or min(deviation, default=0) <= 0 or min(size, default=0) < 1:
        raise EvaluationError(
            f"expected image_mean and image_std (1 or 3 numbers each) and size in {path}, found others; correct them"
        )
    return {"mean": mean, "deviation": deviation, "size": size}


def _output(session: Any) -> str:
    """The first output [n, d], else the first one, which is refused when it is seen."""
    outputs = session.get_outputs()
    return next((one.name for one in outputs if len(one.shape) == 2), outputs[0].name)


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise EvaluationError(
            "expected the package onnxruntime to read a network, found none; "
            "install it: pip install 'launderette[onnx]'"
        ) from None
    return onnxruntime


def _errors() -> tuple[type[Exception], ...]:
    """What onnxruntime raises, each class derived from Exception alone."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return tuple(kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception))
