"""A task for each client: the straight line of impl_threads; others may run at each await."""
