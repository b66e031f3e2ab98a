"""What goes on in a container: jobs, GPUs, power and heat, built as the network declares it."""
