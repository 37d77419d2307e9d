"""The quick way: what is known about the nodes for one shape of pod is kept and brought up to date, not computed anew.

Gives the same answer as `framework.Profile` for every pod it takes on; a differential test holds it to that.
"""
