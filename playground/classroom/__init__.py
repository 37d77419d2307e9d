"""Accounts, courses, who owns which cluster and who may do what to it. In local mode nobody logs in and all is allowed."""
