"""The CPU engine: conversion, whole pictures, and strips.

Whatever below this imports OpenVINO finds it imported already, without its telemetry; others take it from here.
"""

from arbitrary_nst.hardware.quiet_openvino import import_openvino

openvino = import_openvino()
