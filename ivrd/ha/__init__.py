"""What outlives a process: failover, calls written down, reconciliation with queue_log."""
