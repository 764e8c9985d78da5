"""CSV and its kin: recognised by looking, read strictly, remembered as a profile."""
