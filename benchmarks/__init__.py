"""The W workloads against every peer, side by side, with the limit program of each. Run `python -m benchmarks`."""
