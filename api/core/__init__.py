"""The machinery of the API: application, envelope, errors, authentication, limits, paging."""
