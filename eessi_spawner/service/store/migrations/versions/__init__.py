"""One step a file, in the order that they name."""
