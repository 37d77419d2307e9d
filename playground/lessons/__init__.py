"""Lessons: Markdown files with front matter, their loader, their live checks and their pages."""
