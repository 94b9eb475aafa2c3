"""The teacher: Google's mobile model, run in batches by OpenVINO."""

import threading

import numpy as np

from arbitrary_nst.engines.openvino import openvino
from arbitrary_nst.engines.openvino.convert import free_sizes


class Teacher:
    def __init__(self, folder):
        core = openvino.Core()
        predict = core.read_model(folder / "style_predict_quantized_256.tflite")
        predict.reshape([-1, 256, 256, 3])
        transform = core.read_model(folder / "style_transfer_f16_384.tflite")
        free_sizes(transform)
        transform.reshape({transform.inputs[0]: [-1, -1, -1, 3], transform.inputs[1]: [-1, 1, 1, 100]})
        # In int8 the style half is right only on a CPU with VNNI instructions.
        f32 = {"INFERENCE_PRECISION_HINT": "f32", "LP_TRANSFORMS_MODE": "NO"}
        self._predict = core.compile_model(predict, "CPU", f32)
        self._transform = core.compile_model(transform, "CPU", f32)
        self._one_at_a_time = threading.Lock()  # batches are made ahead in a thread

    def bottlenecks(self, styles):
        """(N, 256, 256, 3), RGB in [0, 1] -> (N, 100)."""
        with self._one_at_a_time:
            return np.array(self._predict([np.ascontiguousarray(styles)])[0]).reshape(len(styles), -1)

    def pictures(self, photos, bottlenecks):
        """(N, H, W, 3), RGB in [0, 1], H and W multiples of 4, and (N, 100) -> (N, H, W, 3)."""
        with self._one_at_a_time:
            return np.array(self._transform([np.ascontiguousarray(photos), bottlenecks[:, None, None, :]])[0])
