"""What a session that is over still offers: its file, and a ritual made of an agreement."""
