"""Claims: damaged, wrong, missing or faulty goods, and what makes up for them."""
