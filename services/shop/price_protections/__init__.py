"""Price protections: the difference paid back when goods became cheaper soon after they were bought."""
