"""One thread, one poll(): what a conversation is waiting for stands in fields."""
