"""The shared vocabulary of Vigie: what is measured, how it travels, what it is called."""
