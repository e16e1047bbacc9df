"""Who calls the ticks and for how long, and how a person looks at them and steers them."""
