"""What the browser sees: objects thinned to what it draws, and the websockets that carry them."""
