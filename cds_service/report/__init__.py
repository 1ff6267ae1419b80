"""How people react to the cards: figures from the store, as a terminal table, a CSV file or one HTML page."""
