"""What people, robots and integrations do in an account; each verb is one save with its events and hooks."""
