"""Salesops: an internal portal for sales departments that work in amoCRM."""
