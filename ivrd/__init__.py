"""ivrd runs a public hotline on Asterisk: menus, queues, and the truth about every call."""

__version__ = "0.1.0"
