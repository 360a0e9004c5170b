"""The keys to the portal: attempts at passwords, API tokens, open sessions, second factors."""
