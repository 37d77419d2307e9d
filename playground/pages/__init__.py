"""The HTML screens: thin templates that the browser code fills. They hold no cluster's data."""
