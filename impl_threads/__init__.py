"""A thread for each client: the state of a conversation is where its thread is in the code."""
