"""What containers do: the images there are, and how their processes behave."""
