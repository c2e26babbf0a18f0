"""The chat front: an agent whose tools are our graphs. Reads are free, each write stops for a person."""
