"""What the API server refuses and the schemas let through: rules over one document, and over the set."""
