"""NVIDIA GPUs through the driver's own library, NVML: the only home of `pynvml`."""
