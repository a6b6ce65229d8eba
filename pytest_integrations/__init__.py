"""In-process fake backends with scriptable faults, and assertions on what the client did about them."""
