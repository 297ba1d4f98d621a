"""Folders and files of jobs: the workspace and what is deleted when."""
