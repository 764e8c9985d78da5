"""The HTTP face: FastAPI routes over commands and read models. It decides nothing by itself."""
