"""What a container is given from outside: weather and river, the grid's electricity, the time."""
