"""Reports for people, plain and in colour."""
