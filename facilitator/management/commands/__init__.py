"""What `./run manage` can do."""
