"""`tertulia doctor`: checks the installation and advises."""
