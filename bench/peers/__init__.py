"""The systems that the overflow benchmark holds beside one another, a module for each.

stock: a dialplan with time-outs; always_open: app_queue with all partners' seats; ivrd; and pooled,
which is computed.  The Asterisk files of those without ivrd are in conf/.
"""
