"""What may be asked over HTTP and over the control socket."""
