"""What several backends need and none owns: below them, and aware of none of them."""
