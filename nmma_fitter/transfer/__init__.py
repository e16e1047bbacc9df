"""Files between machines: brought, sent, and checked where they arrived."""
