"""Programs that make what is in the repository: prompts and music."""
