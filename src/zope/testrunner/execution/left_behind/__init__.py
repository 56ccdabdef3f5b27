"""What a test leaves behind: threads, garbage, and what it keeps on itself."""
