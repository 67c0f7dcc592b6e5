"""SLURM, and what stands in for it on a laptop."""
