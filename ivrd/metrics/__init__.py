"""Every series that Prometheus reads."""
