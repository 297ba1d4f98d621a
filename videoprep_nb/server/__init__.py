"""The service over HTTP: REST API, uploads and page."""
