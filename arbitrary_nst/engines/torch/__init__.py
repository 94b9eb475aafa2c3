"""The GPU engine: PyTorch on CUDA, on Apple's Metal, and on the CPU."""
