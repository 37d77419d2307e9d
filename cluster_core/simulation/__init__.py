"""The cluster as a whole: its parts put together, its time, its saved form."""
