"""The shared screen while the machine is turned: whose turn it is, or one hand-over card."""
