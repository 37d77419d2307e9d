"""The API kinds, one module each, ending in `KIND`: defaults, validation, strategy and columns. Data first."""
