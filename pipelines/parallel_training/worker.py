"""One of the processes that train a model together: `torchrun -m launderette.pipelines.parallel_training.worker
FOLDER`.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch

from launderette.generators.data.schema import Schema
from launderette.generators.devices import parallel
from launderette.generators.errors import GeneratorError
from launderette.pipelines import modalities
from launderette.pipelines.config import RunConfig
from launderette.pipelines.parallel_training.launching import TOLD, TRAINING_JOB, TRAINING_REFUSAL
from launderette.pipelines.run.artifacts import LaunderError


def main(folder: Path) -> int:
    """Train the job in a folder; 1 where it was refused, in the sentence that is left there."""
    job = json.loads((folder / TRAINING_JOB).read_text())
    config = RunConfig.restored(job["config"])
    device = _device(config.device)
    try:
        with parallel.joined(device):
            _train(job, config.model_copy(update={"device": device}))
    except (LaunderError, GeneratorError) as error:
        (folder / TRAINING_REFUSAL).write_text(str(error))
        return 1
    return 0


def _train(job: dict[str, Any], config: RunConfig) -> None:
    modality, first = modalities.of(config), not parallel.rank()
    data, schema = modality.read(job["table"]), Schema.from_dict(job["schema"])
    progress = _tell if first else _keep_quiet
    model = modality.train(data, schema, config, checkpoint=Path(job["checkpoint"]), progress=progress)
    if first:
        model.save(Path(job["model"]))


def _device(asked: str) -> str:
    """Return this process's own GPU, or the CPU."""
    if asked == "cpu" or not torch.cuda.is_available():
        return "cpu"
    own = f"cuda:{os.environ['LOCAL_RANK']}"
    torch.cuda.set_device(own)
    return own


def _tell(status: dict[str, float]) -> None:
    print(f"{TOLD}{json.dumps(status)}", flush=True)


def _keep_quiet(status: dict[str, float]) -> None:
    """Leave it to the first process."""


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
