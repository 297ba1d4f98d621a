"""Lets people and programs know that a job has ended: a webhook, e-mail. Another way is another file here."""
