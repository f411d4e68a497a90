"""The calls that are here, and their menus."""
