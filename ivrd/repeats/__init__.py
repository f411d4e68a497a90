"""Who dials again within a day after having been served."""
