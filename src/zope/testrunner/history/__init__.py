"""What earlier runs are remembered by, and what is made of it."""
