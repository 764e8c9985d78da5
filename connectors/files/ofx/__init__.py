"""OFX 1.x (SGML), 2.x (XML) and QFX: bank and credit card statements."""
