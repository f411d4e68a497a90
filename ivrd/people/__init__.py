"""People, not calls: who calls again, and what is stored of that."""
