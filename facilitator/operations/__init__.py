"""Running the house: its processes, its health, its copies and its logs."""
