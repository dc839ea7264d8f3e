"""`tertulia doctor`: checks the installation and gives advice."""
