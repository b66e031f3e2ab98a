"""What is read in a container, a measurement each: meters and sensors, hosts, disks, lines."""
