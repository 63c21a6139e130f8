"""Files into Markdown, by suffix: ours and those of other packages go through the same door."""
