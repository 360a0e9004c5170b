"""The Telegram Bot API: a client, its errors as decisions, and its markup. Pure: no Django below here."""
