"""The two sample texts, byte for byte; see README.md beside them."""
