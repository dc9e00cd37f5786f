"""Archive: what customers may keep and read again: the transcript, and their earlier conversations."""
