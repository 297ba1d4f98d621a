"""The REST API of a service, and the server that offers it."""
