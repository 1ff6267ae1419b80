"""How many cards a ward would get: a made-up ward asked through the product's own line, counted, and put on a page."""
