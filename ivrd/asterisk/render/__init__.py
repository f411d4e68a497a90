"""Asterisk's configuration files, written from ivrd's: `ivrd render` and `ivrd check`."""

from ivrd.asterisk.render.files import RenderError, differing, rendered, write

__all__ = ["RenderError", "differing", "rendered", "write"]
