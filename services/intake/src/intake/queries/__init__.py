"""What can be asked of intake, split by noun; every answer stays within the asker's reach."""
