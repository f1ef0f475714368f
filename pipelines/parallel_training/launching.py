"""Starts the processes that train one model together, tells how far they are, and says in one sentence why they failed.

The processes read the training rows from where the run keeps them; a job names that place, and holds no row.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from launderette import generators
from launderette.generators import Progress, Schema, Synthesizer
from launderette.pipelines.config import RunConfig
from launderette.pipelines.modalities import Modality
from launderette.pipelines.run.artifacts import LaunderError

WORKER = "launderette.pipelines.parallel_training.worker"
TRAINING_JOB, TRAINING_REFUSAL, TOLD = "job.json", "refusal.txt", "progress "


def trained(
    modality: Modality,
    table: Mapping[str, Any],
    schema: Mapping[str, Any],
    config: RunConfig,
    *,
    folder: Path,
    checkpoint: Path,
    model: Path,
    progress: Progress | None = None,
) -> Synthesizer:
    """Train on a stored table, by this process or by as many as `generator.devices`, and save in `model`.

    `folder` is private. Where a process is killed, training goes on from `checkpoint`, as long as it gets further.
    LaunderError where there are fewer GPUs, a guarantee of privacy is asked for, or a process fails before that.
    """
    if config.generator.devices == 1:
        data, known = modality.read(table), Schema.from_dict(schema)
        fitted = modality.train(data, known, config, checkpoint=checkpoint, progress=progress)
        fitted.save(model)
        return fitted
    _check(config)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    places = {"checkpoint": str(checkpoint), "model": str(model)}
    job = {"table": dict(table), "schema": dict(schema), "config": config.model_dump(mode="json"), **places}
    (folder / TRAINING_JOB).write_text(json.dumps(job))
    (folder / TRAINING_REFUSAL).unlink(missing_ok=True)
    saved = _saved(checkpoint)
    while code := _run(_command(folder, config.generator.devices), progress):
        before, saved = saved, _saved(checkpoint)
        if (folder / TRAINING_REFUSAL).exists() or saved == before:
            raise LaunderError(_reason(folder, config.generator.devices, code))
    return generators.open_model(model)


def _saved(checkpoint: Path) -> list[str]:
    """Return the names of a checkpoint's tensors, which hold their digest: others once training got further."""
    return sorted(file.name for file in checkpoint.glob("*.safetensors"))


def _check(config: RunConfig) -> None:
    wanted, there = config.generator.devices, torch.cuda.device_count()
    if config.privacy is not None:
        raise LaunderError(
            f"expected generator.devices: 1 under privacy.epsilon, found {wanted}; gradients of several processes "
            "have no ledger yet"
        )
    if config.device != "cpu" and 0 < there < wanted:
        raise LaunderError(f"expected {wanted} GPUs for generator.devices, found {there}; lower it or set device: cpu")


def _command(folder: Path, count: int) -> list[str]:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
    return [*launcher, "-m", WORKER, str(folder)]


def _run(command: list[str], progress: Progress | None) -> int:
    """Run the processes to their end and return the exit status; they end with this one."""
    threads = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    quiet = subprocess.DEVNULL  # what libraries print of a failure may hold values
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=quiet, text=True, env=os.environ | threads
    ) as running:
        try:
            for line in running.stdout or ():
                if progress and line.startswith(TOLD):
                    progress(json.loads(line.removeprefix(TOLD)))
            return running.wait()
        except BaseException:
            running.terminate()
            raise


def _reason(folder: Path, count: int, code: int) -> str:
    if (told := folder / TRAINING_REFUSAL).exists():
        return told.read_text()
    return (
        f"expected {count} processes to train to their end, found that one ended early (exit status {code} of "
        "torchrun); run again, and training goes on from its last checkpoint"
    )
