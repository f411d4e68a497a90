"""The fault suite: each fault strikes a real hotline under load, and nobody may be lost by it."""
