"""ivrd runs the health hotline 1330 on Asterisk: menus, queues, and the truth about every call."""

__version__ = "0.1.0"
