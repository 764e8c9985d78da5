"""What can be asked of the books: commands, and handlers that decide by the domain's rules."""
