"""Where motion comes from: each source turns its own files, or code, into pose sets."""
