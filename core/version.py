"""The product's version: part of every build key, so a new release makes anew."""

VERSION = "0.1.0"
