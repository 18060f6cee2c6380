"""Who comes: couples and partners, what they agreed to, who may see what."""
