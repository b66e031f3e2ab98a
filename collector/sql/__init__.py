"""People's own SQL over stable views, in a process that can touch nothing else."""
