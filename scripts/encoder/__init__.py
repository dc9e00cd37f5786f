"""Makes the sentence encoder anew; see README.md. Runs outside the product, with PyTorch."""
