"""Tools of those who build the portal; nothing of it runs where it is used."""
