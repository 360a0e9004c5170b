"""What people changed of how others are judged, paid and seen: who, when, before, after, from where."""
