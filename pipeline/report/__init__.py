"""Published numbers, tables, claims, figures and the page that shows them. Reads artifacts, never models."""
