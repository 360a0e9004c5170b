"""A stand-in for Telegram's Bot API: one bot, invented people with phones, and every way in which it can fail."""
