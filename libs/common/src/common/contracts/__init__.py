"""The facts that services tell each other, as Pydantic models and nothing else."""
