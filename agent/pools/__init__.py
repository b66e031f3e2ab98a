"""What the system builds of disks: ZFS pools, md arrays, btrfs file systems, each as one state."""
