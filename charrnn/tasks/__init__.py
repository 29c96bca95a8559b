"""What is learned: one module a task. `registry.TASKS` lists them."""
