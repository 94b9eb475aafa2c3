"""Where a training is: weights, what the optimizer knows, and the state, in one file."""

import json
import os

import numpy as np


def snapshot(model):
    """Weights and optimizer slots, which hold the moving average of the weights."""
    return [np.asarray(v).copy() for v in (*model.variables, *model.optimizer.variables)]


def put_back(model, arrays):
    for variable, array in zip((*model.variables, *model.optimizer.variables), arrays, strict=True):
        variable.assign(array)


def save(path, arrays, state):
    """A snapshot and the state in one file, atomically."""
    with open(f"{path}.part", "wb") as file:
        np.savez(file, *arrays, state=json.dumps(state))
    os.replace(f"{path}.part", path)


def restore(path, model):
    with np.load(path) as file:
        put_back(model, [file[f"arr_{i}"] for i in range(len(file.files) - 1)])
        return json.loads(str(file["state"]))
