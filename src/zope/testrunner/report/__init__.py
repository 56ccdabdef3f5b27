"""What people and machines read of a run; everything here listens to events and runs nothing."""
